/**
 * IP addresses between text and the octets that iPAddress holds (RFC 5280 4.2.1.6).
 */

const DECIMAL_OCTET = /^(?:0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9a-f]{1,4}$/i;

/**
 * 4 or 6 for the text of an IP address (RFC 4291 2.2; four decimal numbers without leading zeros for IPv4; a zone behind
 * IPv6, RFC 4007 11), 0 for anything else. The same answers as `isIP` of node:net, whose regular expression for IPv6 takes
 * milliseconds to compile: a tenth of a whole start-up.
 */
export function ipVersion(text: string): 0 | 4 | 6 {
  if (text.length > 120) return 0;
  if (!text.includes(':')) return isDottedQuad(text) ? 4 : 0;
  const percent = text.indexOf('%');
  if (percent >= 0 && !/^[0-9a-z.:-]+$/i.test(text.slice(percent + 1))) return 0;
  const halves = (percent < 0 ? text : text.slice(0, percent)).split('::');
  if (halves.length > 2) return 0;
  const counts = halves.map((half, i) => countGroups(half, i === halves.length - 1));
  if (counts.includes(-1)) return 0;
  const groups = counts.reduce((sum, count) => sum + count, 0);
  return (halves.length === 2 ? groups <= 7 : groups === 8) ? 6 : 0;
}

function isDottedQuad(text: string): boolean {
  const octets = text.split('.');
  return octets.length === 4 && octets.every((octet) => DECIMAL_OCTET.test(octet) && Number(octet) <= 255);
}

/** How many groups of 16 bits `half` spells, -1 where it is none. The last two may be written as an IPv4 address. */
function countGroups(half: string, last: boolean): number {
  if (half === '') return 0;
  const groups = half.split(':');
  const tail = groups.at(-1) as string;
  const dotted = last && tail.includes('.');
  if (dotted && !isDottedQuad(tail)) return -1;
  const plain = dotted ? groups.slice(0, -1) : groups;
  return plain.every((group) => GROUP.test(group)) ? plain.length + (dotted ? 2 : 0) : -1;
}

/** @returns 4 or 16 octets, or undefined where `text` is no address. A zone (`%eth0`) is dropped, brackets are not taken. */
export function parseIp(text: string): Uint8Array | undefined {
  const percent = text.indexOf('%');
  const address = percent < 0 ? text : text.slice(0, percent);
  const family = ipVersion(address);
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
