import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The path of a file of `certificates/`. */
export const file = (name) => fileURLToPath(new URL(`../certificates/${name}.pem`, import.meta.url));

/** Its text. */
export const pem = (name) => fs.readFileSync(file(name), 'utf8');

/** A certificate with its key, as TLS options take them. */
export const identity = (name) => ({ key: pem(`${name}-key`), cert: pem(name) });
export const ca = pem('authority');
