/**
 * Look-ups under way. Who asks for a name that is being asked for shares that look-up, each for as long as its own deadline
 * lets it; when the last one has left, its queries are cancelled. Answers are kept for a moment.
 */
import { Deadline } from '../time/deadline.ts';
import type { ChannelPool, Family, NameChannel } from './name-channel.ts';
import { type Found, lookUpName, type NotFound } from './name-lookup.ts';
import type { ResolvConf } from './resolv-conf.ts';
import { Turns } from './turns.ts';

/** Look-ups sent at once: what a small name server's rate limit bears. */
const MOST_AT_ONCE = 64;
/** A look-up without an answer for this long no longer counts among them. */
const TURN_MS = 1_000;
/** A run asks for a name again within moments or not at all. */
const CACHE_MS = 30_000;
const MOST_CACHED = 1_000;

export interface CutOff {
  readonly kind: 'cut-off';
}

export interface Wanted {
  readonly family: 0 | Family;
  readonly everyAddress: boolean;
  readonly deadline: Deadline;
}

interface Flight {
  /** `undefined` where it was ended before it was sent. */
  answer: Promise<Found | NotFound | undefined>;
  /** Expires when the last who waits has left: cancels the queries. */
  readonly end: Deadline;
  waiting: number;
}

export class NameFlights {
  readonly #channels: ChannelPool;
  readonly #conf: ResolvConf;
  readonly #turns = new Turns(MOST_AT_ONCE, TURN_MS);
  readonly #flights = new Map<string, Flight>();
  readonly #cache = new Map<string, { readonly answer: Found; readonly until: number }>();

  constructor(channels: ChannelPool, conf: ResolvConf) {
    this.#channels = channels;
    this.#conf = conf;
  }

  /** @param name lower case, with a trailing dot where the search list is not wanted. */
  async lookUp(name: string, wanted: Wanted): Promise<Found | NotFound | CutOff> {
    const key = `${wanted.family}${wanted.everyAddress ? '*' : ''} ${name}`;
    const known = this.#cached(key);
    if (known) return known;
    const flight = this.#flights.get(key) ?? this.#takeOff(key, name, wanted);
    flight.waiting++;
    const answer = await wanted.deadline.race(flight.answer);
    flight.waiting--;
    if (flight.waiting === 0) flight.end.expire();
    return answer ?? { kind: 'cut-off' };
  }

  #takeOff(key: string, name: string, wanted: Wanted): Flight {
    const end = Deadline.none();
    const families: readonly Family[] = wanted.family === 0 ? [6, 4] : [wanted.family];
    const flight: Flight = { answer: this.#fly(name, families, wanted.everyAddress, end), end, waiting: 0 };
    this.#flights.set(key, flight);
    // Whoever asks after it has ended, or has been left by all, gets a new one.
    const forget = () => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    end.onExpire(forget);
    void flight.answer.then((answer) => {
      forget();
      if (answer?.kind === 'found') this.#remember(key, answer);
    }, forget);
    return flight;
  }

  async #fly(
    name: string,
    families: readonly Family[],
    everyAddress: boolean,
    end: Deadline,
  ): Promise<Found | NotFound | undefined> {
    const endTurn = await this.#turns.take(end);
    if (!endTurn) return undefined;
    let channel: NameChannel | undefined;
    let stop = () => {};
    try {
      channel = await this.#channels.take();
      if (end.expired) return undefined;
      stop = end.onExpire(() => channel?.cancel());
      return await lookUpName(channel, name, this.#conf, { families, everyAddress });
    } finally {
      stop();
      if (channel) this.#channels.giveBack(channel);
      endTurn();
    }
  }

  #cached(key: string): Found | undefined {
    const entry = this.#cache.get(key);
    if (!entry) return undefined;
    if (entry.until > performance.now()) return entry.answer;
    this.#cache.delete(key);
    return undefined;
  }

  #remember(key: string, answer: Found): void {
    if (this.#cache.size >= MOST_CACHED) {
      const [oldest] = this.#cache.keys();
      if (oldest !== undefined) this.#cache.delete(oldest);
    }
    this.#cache.set(key, { answer, until: performance.now() + CACHE_MS });
  }
}
