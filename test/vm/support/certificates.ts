/** A certificate authority for one lab, and a certificate by it for the names of AWS. Only the lab's machines trust it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from './command.ts';

export interface Certificates {
  /** PEM of the authority. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export async function issueCertificates(names: readonly string[], folder: string): Promise<Certificates> {
  await mkdir(folder, { recursive: true });
  const file = (name: string): string => join(folder, name);
  const key = (name: string) => [...newKey, '-keyout', file(name)];
  const extensions = [
    'basicConstraints=CA:FALSE',
    'extendedKeyUsage=serverAuth',
    `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`,
  ];
  await writeFile(file('edge.ext'), extensions.join('\n'));
  const authority = [...key('ca.key'), '-subj', '/CN=slipway lab', '-days', '2', '-out', file('ca.pem')];
  await mustRun('openssl', ['req', '-x509', ...authority]);
  await mustRun('openssl', ['req', ...key('edge.key'), '-subj', '/CN=edge', '-out', file('edge.csr')]);
  const signing = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-days', '2'];
  const output = ['-extfile', file('edge.ext'), '-out', file('edge.pem')];
  await mustRun('openssl', ['x509', '-req', '-in', file('edge.csr'), ...signing, ...output]);
  const [pem, certificate, secret] = await Promise.all(
    ['ca.pem', 'edge.pem', 'edge.key'].map((name) => readFile(file(name), 'utf8')),
  );
  return { authority: pem ?? '', certificate: certificate ?? '', key: secret ?? '' };
}
