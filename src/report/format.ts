/**
 * What an output format is. A renderer is pure: text comes back, and somebody else writes it. Streaming formats give their
 * text with each verdict and keep nothing; the others keep what they need and give it at the end.
 */
import type { Outcome, Verdict } from '../model/verdict.ts';

export interface RenderOptions {
  /** More: the chain, timings, what is only information. */
  readonly verbose: boolean;
  /** Only what is not OK; nothing at all when everything is. */
  readonly quiet: boolean;
  readonly color: boolean;
  /** Width to keep to, where the format has one. */
  readonly columns: number;
  /** The time that certificates are judged at, ms since the epoch. */
  readonly now: number;
}

export interface Renderer {
  begin(): string;
  /** In input order. */
  verdict(verdict: Verdict): string;
  end(outcome: Outcome): string;
}

export interface Format {
  /** As `--format` names it. */
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** True where text comes with each verdict, so that memory does not grow with the list. */
  readonly streams: boolean;
  create(options: RenderOptions): Renderer;
}
