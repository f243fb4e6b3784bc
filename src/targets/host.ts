/**
 * Host names and IP addresses, from any usual spelling to the one form that the rest of certwatch works with: A-labels
 * in lower case without the trailing dot (RFC 5890), or an address in canonical text (RFC 5952).
 */
import { SocketAddress } from 'node:net';
import { domainToASCII, domainToUnicode } from 'node:url';
import { err, ok, type Result } from '../model/result.ts';
import { ipVersion } from '../x509/ip.ts';
import { quote } from './nearest.ts';

/** What nearly every line is: nothing to map, nothing to fold. Letters, digits, hyphens, underscores (RFC 2181 11). */
const PLAIN = /^(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;
const LONGEST_NAME = 253;
const ZONE = /^[0-9A-Za-z_.~-]{1,15}$/;

/** The address without its zone: what a certificate could name. */
export function withoutZone(host: string): string {
  const percent = host.indexOf('%');
  return percent < 0 ? host : host.slice(0, percent);
}

/**
 * A DNS name (U-labels or A-labels, any case, with or without the trailing dot), an IPv4 address in four decimal
 * numbers, or an IPv6 address with or without brackets.
 * @returns the canonical form; the error is a sentence.
 */
export function parseHost(text: string): Result<string, string> {
  if (text.startsWith('[') || text.includes(':')) return parseIpv6(text);
  if (text.includes('*')) return err(`a wildcard names no one host to connect to: ${quote(text)}`);
  if (text.startsWith('-')) return err(`expected a host name, got ${quote(text)} (options go before or after "--")`);
  const bare = text.endsWith('.') ? text.slice(0, -1) : text;
  if (bare.length <= LONGEST_NAME && PLAIN.test(bare) && !bare.includes('xn--')) return checkNumbers(bare, text);
  if (bare === '') return err(`expected a host name, got ${quote(text)}`);
  if (/[\s\x00-\x2c/:;<=>?@[\\\]^`{|}\x7f]/.test(bare)) {
    return err(`a host name has only letters, digits, "-", "_" and dots, got ${quote(text)}`);
  }
  // WHATWG's mapping: upper case, full-width forms and ideographic dots fold, U-labels become A-labels (UTS #46).
  const mapped = domainToASCII(bare.slice(0, 1_000));
  const ascii = mapped.endsWith('.') ? mapped.slice(0, -1) : mapped;
  if (ascii === '' && isNumeric(bare)) return err(oddIpv4(text));
  if (ascii === '') return err(notInternational(text));
  if (ipVersion(ascii) === 4 && ascii !== bare) return err(oddIpv4(text));
  const labels = checkLabels(ascii, text);
  return labels.ok ? checkNumbers(ascii, text) : labels;
}

function checkLabels(ascii: string, text: string): Result<void, string> {
  for (const label of ascii.split('.')) {
    if (label === '') return err(`a host name has no empty labels, got ${quote(text)}`);
    if (label.length > 63)
      return err(`a label of a host name has at most 63 characters, got ${label.length} in ${quote(text)}`);
    if (!/^[a-z0-9_-]+$/.test(label)) {
      return err(`a host name has only letters, digits, "-", "_" and dots, got ${quote(text)}`);
    }
    if (!isValidIfEncoded(label)) return err(notInternational(text));
  }
  if (ascii.length > LONGEST_NAME) {
    return err(`a host name has at most ${LONGEST_NAME} characters, got ${ascii.length} in ${quote(text)}`);
  }
  if (ascii.startsWith('-')) return err(`a host name does not begin with "-", got ${quote(text)}`);
  return ok(undefined);
}

/** RFC 5890 2.3.2.1: an A-label stands for something that is not ASCII. From Node 24 on the mapping lets any other through. */
const isValidIfEncoded = (label: string): boolean =>
  !label.startsWith('xn--') || /[^\0-\x7f]/.test(domainToUnicode(label));

const notInternational = (text: string): string => `${quote(text)} is no valid (internationalised) host name`;

/** A last label of digits makes it an address to some programs and a name to others: only one spelling is let in. */
function checkNumbers(ascii: string, text: string): Result<string, string> {
  if (!isNumeric(ascii) || ipVersion(ascii) === 4) return ok(ascii);
  return err(oddIpv4(text));
}

function isNumeric(name: string): boolean {
  const label = name.slice(name.lastIndexOf('.') + 1);
  return /^(?:\d+|0x[0-9a-f]*)$/i.test(label);
}

function oddIpv4(text: string): string {
  return `expected an IPv4 address as four decimal numbers from 0 to 255 without leading zeros, got ${quote(text)}`;
}

function parseIpv6(text: string): Result<string, string> {
  const inner = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  const percent = inner.indexOf('%');
  const address = percent < 0 ? inner : inner.slice(0, percent);
  if (address.length > 45 || ipVersion(address) !== 6) return err(noIpv6(text));
  const canonical = new SocketAddress({ address, family: 'ipv6' }).address;
  if (percent < 0) return ok(canonical);
  // RFC 6874 writes the zone's "%" as "%25"; people write it bare.
  const zone = inner.slice(percent + 1).replace(/^25(?=.)/, '');
  if (!/^fe[89ab]/.test(canonical)) return err(`only link-local addresses (fe80::/10) have a zone, got ${quote(text)}`);
  if (!ZONE.test(zone)) return err(`expected the name of an interface after "%", got ${quote(text)}`);
  return ok(`${canonical}%${zone}`);
}

/** A colon makes an IPv6 address only among digits and brackets: else it is a port or a scheme in the wrong place. */
function noIpv6(text: string): string {
  if (/^\[|^[\da-f:.]*$|[%\]]/i.test(text)) return `expected an IPv6 address, got ${quote(text)}`;
  return `expected a host name or an address alone, with no scheme before it and no port behind it, got ${quote(text)}`;
}
