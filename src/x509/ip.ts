/**
 * IP addresses between text and the octets that iPAddress holds (RFC 5280 4.2.1.6).
 */
import { isIP } from 'node:net';

/** @returns 4 or 16 octets, or undefined where `text` is no address. A zone (`%eth0`) is dropped, brackets are not taken. */
export function parseIp(text: string): Uint8Array | undefined {
  const percent = text.indexOf('%');
  const address = percent < 0 ? text : text.slice(0, percent);
  const family = isIP(address);
  if (family === 4) return Uint8Array.from(address.split('.'), Number);
  if (family !== 6) return undefined;
  let groups = address;
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  if (dotted) {
    const [, head, a, b, c, d] = dotted;
    groups = `${head}${(Number(a) * 256 + Number(b)).toString(16)}:${(Number(c) * 256 + Number(d)).toString(16)}`;
  }
  const [left = '', right] = groups.split('::');
  const before = left === '' ? [] : left.split(':');
  const after = right === undefined || right === '' ? [] : right.split(':');
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  const bytes = new Uint8Array(16);
  [...before, ...zeros, ...after].forEach((group, i) => {
    const value = Number.parseInt(group, 16);
    bytes[i * 2] = value >> 8;
    bytes[i * 2 + 1] = value & 0xff;
  });
  return bytes;
}

/** RFC 5952 section 4: lower case, the first longest run of two or more zero groups as `::`. */
function formatIpv6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(bytes[i]! * 256 + bytes[i + 1]!);
  let best = { at: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > best.length) best = { at: i, length };
    i += length;
  }
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  if (best.at < 0) return hex(groups);
  return `${hex(groups.slice(0, best.at))}::${hex(groups.slice(best.at + best.length))}`;
}

/** Text of 4 or 16 octets, of address and mask for 8 or 32 (`192.0.2.0/255.255.255.0`), else `#` and hex. */
export function formatIp(bytes: Uint8Array): string {
  switch (bytes.length) {
    case 4:
      return bytes.join('.');
    case 16:
      return formatIpv6(bytes);
    case 8:
    case 32: {
      const half = bytes.length / 2;
      return `${formatIp(bytes.subarray(0, half))}/${formatIp(bytes.subarray(half))}`;
    }
    default:
      return `#${Buffer.from(bytes).toString('hex')}`;
  }
}
