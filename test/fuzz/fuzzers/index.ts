/** Every fuzzer there is. */
import type { Fuzzer } from '../fuzzer.ts';
import { certificates } from './certificates.ts';
import { containers } from './containers.ts';
import { outputs } from './outputs.ts';
import { starttls } from './starttls.ts';
import { configFiles, targetLists } from './texts.ts';
import { tlsFlights, tlsMessages } from './tls.ts';

export const FUZZERS: readonly Fuzzer[] = [
  certificates,
  containers,
  tlsFlights,
  tlsMessages,
  starttls,
  targetLists,
  configFiles,
  outputs,
];
