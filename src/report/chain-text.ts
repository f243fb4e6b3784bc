/**
 * A presented chain as lines of text for a person: what `-v` and `show` print. All of it comes escaped for a terminal.
 */
import { createHash } from 'node:crypto';
import type { Certificate, ChainElement, PublicKey } from '../model/certificate.ts';
import type { Observation } from '../model/observation.ts';
import type { CertificateRole, Window } from '../model/verdict.ts';
import { formatDuration } from '../time/duration.ts';
import { formatInstant } from '../verdict/instant.ts';
import { expiresAt } from '../verdict/window.ts';
import { formatGeneralName, formatName } from '../x509/name.ts';
import { containerOf, FORMAT_NAMES } from './entries.ts';
import { capText, escapeTerminal } from './escape.ts';
import { when } from './messages/message.ts';

/** A label and what it says; the caller aligns them. */
export type Field = readonly [label: string, value: string];

const LONGEST_VALUE = 2_000;
const MOST_NAMES = 20;

const clean = (text: string): string => escapeTerminal(capText(text, LONGEST_VALUE));

/** Where and how it was seen, and how long each phase took. */
export function sessionFields(observation: Observation): Field[] {
  const fields: Field[] = [];
  const container = containerOf(observation);
  if (container) fields.push(['container', FORMAT_NAMES[container.format]]);
  if (observation.address !== undefined) fields.push(['address', clean(observation.address)]);
  if (observation.tlsVersion !== undefined) fields.push(['protocol', clean(protocolWords(observation))]);
  if (observation.kind === 'presented' && observation.possession) {
    const { possession } = observation;
    fields.push([
      'key proof',
      possession.kind === 'proven' ? 'proven' : `not shown (${clean(possession.reason.replaceAll('-', ' '))})`,
    ]);
  }
  if (observation.kind === 'presented' && observation.engine === 'node-tls') {
    fields.push(['read by', 'node:tls, the second opinion']);
  }
  if (observation.kind === 'failed' && observation.code === 'internal-error' && observation.detail) {
    fields.push(...observation.detail.split('\n').map((line): Field => ['', clean(line)]));
  }
  const { resolve, connect, starttls, handshake } = observation.timings;
  const phases = Object.entries({ resolve, connect, starttls, handshake }).filter(([, ms]) => ms > 0);
  if (phases.length > 0) fields.push(['took', phases.map(([phase, ms]) => `${phase} ${ms.toFixed(1)} ms`).join(', ')]);
  return fields;
}

/** The moments that the target is judged by, and where they come from. */
export function windowFields(window: Window | undefined): Field[] {
  if (!window) return [];
  const [renew, warn, critical] = [window.renewAt, window.warnAt, window.criticalAt].map((ms) =>
    when(formatInstant(ms)),
  );
  return [['window', `renewal opens ${renew}, overdue ${warn}, critical ${critical} (${window.source})`]];
}

function protocolWords(observation: Observation): string {
  const words = [observation.tlsVersion];
  if (observation.kind === 'presented')
    words.push(observation.cipherSuite, observation.alpn && `ALPN ${observation.alpn}`);
  return words.filter(Boolean).join(', ');
}

/** `#0 leaf`, and of a container the entry: `#0 leaf, entry "tomcat"`. */
export function elementHeading(index: number, role: CertificateRole | undefined, observation: Observation): string {
  const { alias, trusted } = containerOf(observation)?.entries[index] ?? {};
  const entry = alias === undefined ? '' : `, entry "${clean(alias)}"`;
  return `#${index} ${role ?? 'certificate'}${entry}${trusted ? ', there to be trusted' : ''}`;
}

/** @param now ms since the epoch. @param names how many subject alternative names to list. */
export function elementFields(element: ChainElement, now: number, names = MOST_NAMES): Field[] {
  if (element.kind === 'malformed') {
    return [
      ['unreadable', clean(element.reason.replaceAll('-', ' '))],
      ['bytes', String(element.der.length)],
      ['sha256', createHash('sha256').update(element.der).digest('hex')],
    ];
  }
  const { certificate } = element;
  return [
    ['subject', nameText(formatName(certificate.subject))],
    ['issuer', nameText(formatName(certificate.issuer))],
    ['serial', certificate.serial],
    ['valid', validityText(certificate, now)],
    ...namesField(certificate, names),
    ['key', keyText(certificate.publicKey)],
    ['signature', clean(certificate.signatureAlgorithm.name)],
    ['sha256', certificate.sha256],
  ];
}

const nameText = (name: string): string => (name === '' ? '(empty)' : clean(name));

function namesField({ subjectAltName = [] }: Certificate, most: number): Field[] {
  if (subjectAltName.length === 0) return [];
  const shown = subjectAltName.slice(0, most).map((name) => clean(formatGeneralName(name)));
  const more = subjectAltName.length - shown.length;
  return [['names', shown.join(', ') + (more > 0 ? ` and ${more} more` : '')]];
}

function validityText(certificate: Certificate, now: number): string {
  const [from, to] = [certificate.notBefore, certificate.notAfter].map((ms) => when(formatInstant(ms)));
  const left = expiresAt(certificate) - now;
  const standing =
    now < certificate.notBefore
      ? `begins in ${formatDuration(certificate.notBefore - now)}`
      : left > 0
        ? `${formatDuration(left)} left`
        : `ended ${formatDuration(-left)} ago`;
  return `${from} to ${to} (${standing})`;
}

export function keyText({ type, bits, curve, exponent, algorithmOid }: PublicKey): string {
  switch (type) {
    case 'rsa':
      return `RSA ${bits}${exponent === undefined || exponent === 65_537 ? '' : `, exponent ${exponent}`}`;
    case 'ec':
      return `EC ${clean(curve ?? `${bits} bits`)}`;
    case 'dsa':
      return `DSA ${bits}`;
    case 'ed25519':
      return 'Ed25519';
    case 'ed448':
      return 'Ed448';
    case 'other':
      return clean(algorithmOid);
  }
}

/** Lines with the labels in a column of their own. */
export function alignFields(fields: readonly Field[], indent: string): string[] {
  const width = Math.max(0, ...fields.map(([label]) => label.length)) + 2;
  return fields.map(([label, value]) => `${indent}${label.padEnd(width)}${value}`);
}
