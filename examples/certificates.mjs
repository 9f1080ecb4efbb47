// Certificates for the examples, made by the openssl command in a temporary folder.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bun-sockets-example-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

const at = (name) => path.join(folder, name);
const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];

/** An authority that is its own issuer: the file of its certificate. */
export function authority(name) {
  const [keyFile, certFile] = [at(`${name}.key`), at(`${name}.crt`)];
  openssl('req', '-x509', ...newKey, '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', certFile);
  return { name, keyFile, certFile };
}

/** A certificate for a server or a person, signed by an authority. */
export function signedBy({ certFile: ca, keyFile: caKey }, name, ...extensions) {
  const [keyFile, certFile] = [at(`${name}.key`), at(`${name}.crt`)];
  const options = extensions.flatMap((extension) => ['-addext', extension]);
  const issuer = ['-CA', ca, '-CAkey', caKey, '-addext', 'basicConstraints=CA:FALSE'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-subj',
    `/CN=${name}`,
    ...issuer,
    ...options,
    '-keyout',
    keyFile,
    '-out',
    certFile,
  );
  return { keyFile, certFile };
}
