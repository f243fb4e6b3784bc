/**
 * Does a certificate hold for the name that was asked for? RFC 9525: subjectAltName only, never the common name. `*` is
 * the whole leftmost label, covers exactly one label, and leaves at least two labels behind it. IP addresses are compared
 * as octets with iPAddress and never with dNSName.
 */
import type { Certificate } from '../model/certificate.ts';
import { bytesEqual } from './der.ts';
import { parseIp } from './ip.ts';

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

/** Labels of a lower-case host name; undefined where it is none. Underscores are met in practice and pass. */
function labelsOf(name: string): string[] | undefined {
  if (name.length === 0 || name.length > 253) return undefined;
  const labels = name.split('.');
  return labels.every((label) => label.length <= 63 && LABEL.test(label)) ? labels : undefined;
}

/**
 * One dNSName against one asked name, both in any case; the asked one in its A-label form, a trailing dot is let pass.
 */
export function matchesDnsName(pattern: string, asked: string): boolean {
  const name = (asked.endsWith('.') ? asked.slice(0, -1) : asked).toLowerCase();
  const presented = pattern.toLowerCase();
  if (!presented.startsWith('*.')) return presented === name && labelsOf(name) !== undefined;
  const suffix = presented.slice(1);
  const firstDot = name.indexOf('.');
  if (firstDot < 1 || name.slice(firstDot) !== suffix) return false;
  const labels = labelsOf(name);
  return labels !== undefined && labels.length >= 3;
}

/**
 * @param servername the DNS name (ASCII) or IP address (text, IPv6 with or without brackets) that was asked for.
 */
export function matchesHostname(certificate: Certificate, servername: string): boolean {
  const names = certificate.subjectAltName ?? [];
  const bare = servername.startsWith('[') && servername.endsWith(']') ? servername.slice(1, -1) : servername;
  const ip = parseIp(bare);
  if (ip) return names.some((name) => name.kind === 'ip' && bytesEqual(name.bytes, ip));
  return names.some((name) => name.kind === 'dns' && matchesDnsName(name.value, servername));
}
