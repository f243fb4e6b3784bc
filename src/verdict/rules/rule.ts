/**
 * A rule: a pure function from one observation in its context to findings.
 */
import type { Finding } from '../../model/finding.ts';
import type { RuleContext } from '../context.ts';

export type Rule = (context: RuleContext) => readonly Finding[];

export const NONE: readonly Finding[] = [];

/** A file of entries, which nobody sends as they lie there. */
export const isContainer = ({ observation }: RuleContext): boolean =>
  observation.kind === 'presented' && observation.container !== undefined;
