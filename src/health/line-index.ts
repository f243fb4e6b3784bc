/**
 * Where in a file the line of a key is: an open-addressed table in typed arrays, 21 bytes a slot. 100,000 targets take
 * 5 MB, where a Map of strings takes 20.
 */

export interface LinePlace {
  readonly offset: number;
  /** Bytes, newline included; 0 for a key that is only noted as seen. */
  readonly length: number;
}

const FULLEST = 0.6;

export class LineIndex {
  #mask: number;
  #used = 0;
  #keys: Uint32Array;
  #offsets: Float64Array;
  #lengths: Uint32Array;
  /** 0 empty, 1 there, 2 there and visited. */
  #states: Uint8Array;

  constructor(slots = 1024) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, slots)));
    this.#mask = size - 1;
    this.#keys = new Uint32Array(2 * size);
    this.#offsets = new Float64Array(size);
    this.#lengths = new Uint32Array(size);
    this.#states = new Uint8Array(size);
  }

  get size(): number {
    return this.#used;
  }

  /** @param key hex, of which the first 16 digits count: whoever reads the line compares the whole. */
  set(key: string, { offset, length }: LinePlace): void {
    if (this.#used >= FULLEST * (this.#mask + 1)) this.#grow();
    const slot = this.#slotOf(high(key), low(key));
    this.#put(slot, [high(key), low(key)], { offset, length, state: this.#states[slot] || 1 });
  }

  get(key: string): LinePlace | undefined {
    const slot = this.#slotOf(high(key), low(key));
    if (this.#states[slot] === 0) return undefined;
    return { offset: this.#offsets[slot]!, length: this.#lengths[slot]! };
  }

  /** Notes that the key has been seen in this run. @returns false where it had been before. */
  visit(key: string): boolean {
    if (this.get(key) === undefined) this.set(key, { offset: 0, length: 0 });
    const slot = this.#slotOf(high(key), low(key));
    if (this.#states[slot] === 2) return false;
    this.#states[slot] = 2;
    return true;
  }

  isVisited(key: string): boolean {
    return this.#states[this.#slotOf(high(key), low(key))] === 2;
  }

  /** The slot that holds the key, or the empty one where it would go. */
  #slotOf(a: number, b: number): number {
    let slot = a & this.#mask;
    while (this.#states[slot] !== 0 && (this.#keys[2 * slot] !== a || this.#keys[2 * slot + 1] !== b)) {
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }

  #put(slot: number, [a, b]: readonly [number, number], entry: LinePlace & { readonly state: number }): void {
    if (this.#states[slot] === 0) this.#used++;
    this.#keys[2 * slot] = a;
    this.#keys[2 * slot + 1] = b;
    this.#offsets[slot] = entry.offset;
    this.#lengths[slot] = entry.length;
    this.#states[slot] = entry.state;
  }

  #grow(): void {
    const [keys, offsets, lengths, states] = [this.#keys, this.#offsets, this.#lengths, this.#states];
    const size = 2 * (this.#mask + 1);
    this.#mask = size - 1;
    this.#used = 0;
    this.#keys = new Uint32Array(2 * size);
    this.#offsets = new Float64Array(size);
    this.#lengths = new Uint32Array(size);
    this.#states = new Uint8Array(size);
    for (let old = 0; old < states.length; old++) {
      const state = states[old]!;
      if (state === 0) continue;
      const key = [keys[2 * old]!, keys[2 * old + 1]!] as const;
      this.#put(this.#slotOf(...key), key, { offset: offsets[old]!, length: lengths[old]!, state });
    }
  }
}

const high = (key: string): number => Number.parseInt(key.slice(0, 8), 16);
const low = (key: string): number => Number.parseInt(key.slice(8, 16), 16);
