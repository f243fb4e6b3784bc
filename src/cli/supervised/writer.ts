/**
 * The process that writes the reports which go into files (the supervisor's side of it: `scan/supervised/file-writer.ts`).
 */
import type { Duplex } from 'node:stream';
import type { InputError, Target } from '../../model/target.ts';
import { outputFailed } from '../../scan/supervised/file-writer.ts';
import { type Frame, FrameWriter, readFrames } from '../../scan/supervised/frames.ts';
import { VerdictDecoder } from '../../scan/supervised/verdict-codec.ts';
import { Deadline } from '../../time/deadline.ts';
import { withErrors } from '../../verdict/status.ts';
import { ChainReader } from '../../x509/chain-reader.ts';
import type { ExitCode, Io } from '../io.ts';
import { FileOutputs } from '../run/file-outputs.ts';
import { fileSpecs } from '../run/output-specs.ts';
import type { SupervisedRun } from './scanner.ts';

/** What is to be taken back of files may be on a disk that is dead. */
const ABORT_MS = 500;

export async function runWriter(pipe: Duplex, io: Io): Promise<ExitCode> {
  const told = readFrames<SupervisedRun>(pipe);
  const first = await told.next();
  if (first.value?.kind !== 'run') return 3;
  const answers = new FrameWriter<SupervisedRun>(pipe);
  const errors: InputError[] = [];
  const outputs = new FileOutputs(await fileSpecs(first.value.run.run, io), (file, message) => {
    const error = outputFailed(file, message);
    errors.push(error);
    void answers.write({ kind: 'input-error', error });
  });
  await outputs.begin();
  const written = await follow(told, outputs, errors);
  // The supervisor wants the old versions, or it has gone: what is not whole is not put in place.
  if (!written) await Deadline.after(ABORT_MS).race(outputs.abort());
  await answers.write({ kind: 'done' });
  await answers.end();
  return 0;
}

/** @returns whether the files were put in place. */
async function follow(
  told: AsyncGenerator<Frame<SupervisedRun>, void, undefined>,
  outputs: FileOutputs,
  errors: readonly InputError[],
): Promise<boolean> {
  const decoder = new VerdictDecoder(new ChainReader());
  const pending: Target[] = [];
  // Not by `for await`, which would close the socket behind the last frame.
  for (;;) {
    const { value: frame } = await told.next();
    if (!frame || frame.kind === 'leave') return false;
    if (frame.kind === 'target') pending.push(frame.target);
    else if (frame.kind === 'verdict') await outputs.verdict(decoder.decode(pending.shift() as Target, frame.verdict));
    else if (frame.kind === 'end') {
      await outputs.end(() => withErrors(frame.outcome, errors));
      return true;
    }
  }
}
