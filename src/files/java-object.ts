/**
 * Java object serialization (the protocol of java.io.ObjectOutputStream, version 5), as far as it takes to pass over an
 * object whose length is written nowhere: the sealed secret key in a JCEKS keystore. Nothing is made of what it says.
 */
import type { ByteReader } from './byte-reader.ts';

const MAGIC = 0xaced0005;
const NULL = 0x70;
const REFERENCE = 0x71;
const CLASS_DESCRIPTION = 0x72;
const OBJECT = 0x73;
const STRING = 0x74;
const ARRAY = 0x75;
const END_OF_BLOCK = 0x78;

const UID_OCTETS = 8;
const FIRST_HANDLE = 0x7e0000;
/** Fields are written plainly, without a method of the class's own (SC_SERIALIZABLE). */
const PLAIN = 0x02;
/** A sealed key has two classes and some five fields; it never nests deeper than an array in an object. */
const DEEPEST = 8;
const MOST_FIELDS = 64;
const MOST_HANDLES = 256;

const PRIMITIVE_OCTETS: Readonly<Record<string, number>> = { B: 1, Z: 1, C: 2, S: 2, I: 4, F: 4, J: 8, D: 8 };

interface Class {
  readonly name: string;
  /** The type codes of its own fields, in order. */
  readonly fields: readonly string[];
  readonly above: Class | undefined;
}

/** Leaves the reader behind one serialized object, or broken where there is none of the kind that is known here. */
export function skipJavaObject(reader: ByteReader): void {
  if (reader.u32() === MAGIC) new ObjectSkipper(reader).content(0);
  else reader.break();
}

class ObjectSkipper {
  readonly #reader: ByteReader;
  /** What references point to, by number; only classes matter. */
  readonly #handles: (Class | undefined)[] = [];

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  content(depth: number): void {
    const reader = this.#reader;
    const kind = this.#isTooMuch(depth) ? undefined : reader.u8();
    switch (kind) {
      case NULL:
        break;
      case REFERENCE:
        reader.skip(4);
        break;
      case STRING:
        this.#handles.push(undefined);
        reader.skip(reader.u16());
        break;
      case ARRAY:
        this.#array(depth);
        break;
      case OBJECT: {
        const described = this.#classDescription(depth);
        this.#handles.push(undefined);
        if (described) this.#fieldsOf(described, depth);
        else reader.break();
        break;
      }
      default:
        reader.break();
    }
  }

  #isTooMuch(depth: number): boolean {
    return depth > DEEPEST || this.#handles.length > MOST_HANDLES;
  }

  /** Of primitive values: `[B` is one of bytes. */
  #array(depth: number): void {
    const described = this.#classDescription(depth);
    this.#handles.push(undefined);
    const size = described && PRIMITIVE_OCTETS[described.name.slice(1)];
    if (size === undefined) this.#reader.break();
    else this.#reader.skip(this.#reader.u32() * size);
  }

  /** Those of the topmost class first. */
  #fieldsOf({ fields, above }: Class, depth: number): void {
    if (above) this.#fieldsOf(above, depth);
    for (const type of fields) {
      if (this.#reader.broken) break;
      const size = PRIMITIVE_OCTETS[type];
      if (size === undefined) this.content(depth + 1);
      else this.#reader.skip(size);
    }
  }

  #classDescription(depth: number): Class | undefined {
    const reader = this.#reader;
    const kind = this.#isTooMuch(depth) ? undefined : reader.u8();
    if (kind === NULL) return undefined;
    if (kind === REFERENCE) return this.#handles[reader.u32() - FIRST_HANDLE];
    if (kind !== CLASS_DESCRIPTION) {
      reader.break();
      return undefined;
    }
    const name = Buffer.from(reader.take(reader.u16())).toString('latin1');
    reader.skip(UID_OCTETS);
    // Numbered before what it is made of (protocol, 6.4.2: newHandle).
    const handle = this.#handles.push(undefined) - 1;
    if (reader.u8() !== PLAIN) reader.break();
    const fields = this.#fieldTypes(depth);
    if (reader.u8() !== END_OF_BLOCK) reader.break();
    const above = this.#classDescription(depth + 1);
    const described = { name, fields, above };
    this.#handles[handle] = described;
    return described;
  }

  #fieldTypes(depth: number): string[] {
    const reader = this.#reader;
    const types: string[] = [];
    const count = reader.u16();
    if (count > MOST_FIELDS) reader.break();
    for (let i = 0; i < count && !reader.broken; i++) {
      const type = String.fromCharCode(reader.u8());
      reader.skip(reader.u16());
      // The name of the field's class: a string, or a reference to one.
      if (PRIMITIVE_OCTETS[type] === undefined) this.content(depth + 1);
      types.push(type);
    }
    return types;
  }
}
