/**
 * Names that are told apart: where two targets share one, the second becomes `name#2`. Monitoring systems take two figures
 * of one name for one.
 */
export class UniqueNames {
  readonly #taken = new Set<string>();
  /** Where to go on counting, so that a name that comes ten thousand times is not counted from 2 each time. */
  readonly #next = new Map<string, number>();

  of(name: string): string {
    let unique = name;
    let n = this.#next.get(name) ?? 2;
    while (this.#taken.has(unique)) unique = `${name}#${n++}`;
    this.#next.set(name, n);
    this.#taken.add(unique);
    return unique;
  }
}
