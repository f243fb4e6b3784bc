/**
 * One look-up of one name at the name servers: both families at once, the search list, and where nothing is found, why.
 */
import type { Answer, Family, NameChannel, NoAnswerReason } from './name-channel.ts';
import { candidateNames, type ResolvConf } from './resolv-conf.ts';

export interface Found {
  readonly kind: 'found';
  /** Interleaved, IPv6 first (RFC 8305 4). */
  readonly addresses: readonly string[];
}

export interface NotFound {
  readonly kind: 'not-found';
  readonly reason: NoAnswerReason;
  /** The name that was asked for in the end, without a trailing dot. */
  readonly name: string;
  /** What the name is an alias of, where that is why it has no address. Untrusted text. */
  readonly alias?: string;
}

export interface LookupSettings {
  readonly families: readonly Family[];
  /** Every address of the name is wanted: the slower family is waited for, too, within reason. */
  readonly everyAddress: boolean;
}

/** RFC 8305 3: how long an A answer waits for the AAAA answer. */
const RESOLUTION_DELAY_MS = 50;

/** An AAAA answer waits for A as long as the first IPv6 attempt would be alone anyway (RFC 8305 5). */
const SECOND_FAMILY_DELAY_MS = 250;

/** Where every address is wanted: long enough for one lost packet to be sent again (2 s), short enough to look at the rest. */
const EVERY_ADDRESS_DELAY_MS = 3_000;

/** Aliases followed to tell a loop from an alias that leads nowhere. */
const MOST_ALIASES = 8;

/** Asks for `name` and, as resolv.conf has it, for the name under the domains of the search list. Never rejects. */
export async function lookUpName(
  channel: NameChannel,
  name: string,
  conf: ResolvConf,
  settings: LookupSettings,
): Promise<Found | NotFound> {
  const written = name.replace(/\.$/, '');
  let reason: NoAnswerReason = 'nxdomain';
  for (const candidate of candidateNames(name, conf)) {
    const answer = await askFamilies(channel, candidate, settings);
    if (answer.kind === 'addresses') return { kind: 'found', addresses: answer.addresses };
    if (!mayAskOn(answer.reason)) return { kind: 'not-found', reason: answer.reason, name: candidate };
    // The message is about the name that was written; only a server's failure under a search domain says more.
    if (candidate === written || answer.reason === 'servfail') reason = worse(reason, answer.reason);
  }
  const nowhere: NotFound = { kind: 'not-found', reason, name: written };
  return reason === 'servfail' ? nowhere : explain(channel, nowhere);
}

/** As glibc's res_search: the search goes on past names that do not exist and past a server's failure, not past silence. */
function mayAskOn(reason: NoAnswerReason): boolean {
  return reason === 'nxdomain' || reason === 'no-address' || reason === 'servfail';
}

/** From the least to the most that it says about why a name cannot be looked up. */
const WEIGHT: readonly NoAnswerReason[] = [
  'nxdomain',
  'no-address',
  'cname-loop',
  'bad-name',
  'bad-answer',
  'refused',
  'servfail',
  'no-answer',
  'server-unreachable',
  'too-many-open-files',
  'cancelled',
];

function worse(a: NoAnswerReason | undefined, b: NoAnswerReason): NoAnswerReason {
  return a === undefined || WEIGHT.indexOf(b) > WEIGHT.indexOf(a) ? b : a;
}

/** A and AAAA at once; the first good answer waits only a short time for the other one. */
async function askFamilies(channel: NameChannel, name: string, settings: LookupSettings): Promise<Answer> {
  const asked = settings.families.map((family) => channel.addresses(name, family));
  const [first, second] = asked as [Promise<Answer>, Promise<Answer> | undefined];
  if (!second) return first;
  const answers = new Map<Family, Answer>();
  for (const [index, answer] of asked.entries()) {
    void answer.then((value) => answers.set(settings.families[index] as Family, value));
  }
  const early = await Promise.race([first, second]);
  if (early.kind !== 'addresses') {
    await Promise.all(asked);
  } else if (answers.size < 2) {
    const usual = answers.has(4) ? RESOLUTION_DELAY_MS : SECOND_FAMILY_DELAY_MS;
    const wait = settings.everyAddress ? EVERY_ADDRESS_DELAY_MS : usual;
    if (!(await settledWithin(Promise.all(asked), wait))) channel.cancel();
  }
  return together(answers.get(6), answers.get(4));
}

async function settledWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const inTime = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}

function together(six: Answer | undefined, four: Answer | undefined): Answer {
  const sixes = six?.kind === 'addresses' ? six.addresses : [];
  const fours = four?.kind === 'addresses' ? four.addresses : [];
  if (sixes.length + fours.length > 0) return { kind: 'addresses', addresses: interleave(sixes, fours) };
  const reasons = [six, four].map((answer) => (answer?.kind === 'none' ? answer.reason : undefined));
  return { kind: 'none', reason: reasons.reduce<NoAnswerReason>((a, b) => worse(b, a), 'nxdomain') };
}

/** RFC 8305 4: one family after the other, IPv6 first; within a family the name server's order is kept. */
export function interleave(sixes: readonly string[], fours: readonly string[]): readonly string[] {
  const mixed: string[] = [];
  for (let i = 0; i < Math.max(sixes.length, fours.length); i++) {
    for (const address of [sixes[i], fours[i]]) {
      if (address !== undefined && !mixed.includes(address)) mixed.push(address);
    }
  }
  return mixed;
}

/** A name without an address may be an alias that leads nowhere or in a circle: a fault that its owner wants to read about. */
async function explain(channel: NameChannel, nowhere: NotFound): Promise<NotFound> {
  const seen = [nowhere.name.toLowerCase()];
  for (let hop = 0; hop < MOST_ALIASES; hop++) {
    const next = await channel.aliasOf(seen.at(-1) as string);
    if (next === undefined) break;
    if (seen.includes(next)) return { ...nowhere, reason: 'cname-loop', alias: next };
    seen.push(next);
  }
  return seen.length === 1 ? nowhere : { ...nowhere, alias: seen.at(-1) as string };
}
