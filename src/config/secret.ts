/**
 * A secret that came from the config. It goes into no message, log, report or JSON by accident: every way of turning it
 * into text says `(hidden)`, and only `reveal` gives it away.
 */
import { inspect } from 'node:util';

export const HIDDEN = '(hidden)';

/** The config's keys whose values are secrets; `!file` may stand behind these only. */
export const SECRET_KEYS: ReadonlySet<string> = new Set(['hmac-key', 'password']);

export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}
