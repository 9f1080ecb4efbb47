import fs from 'node:fs';

/** The text of a file of `certificates/`. */
export const pem = (name) => fs.readFileSync(new URL(`../certificates/${name}.pem`, import.meta.url), 'utf8');

/** A certificate with its key, as TLS options take them. */
export const identity = (name) => ({ key: pem(`${name}-key`), cert: pem(name) });
export const ca = pem('authority');
