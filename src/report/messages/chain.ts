/** Prose: the chain as it was sent, and the strength of what is in it. */
import type { Messages } from './message.ts';
import { quote, reload } from './message.ts';

type ChainCode = 'chain-misordered' | 'chain-extra' | 'chain-duplicate' | 'root-sent' | 'weak-key' | 'weak-signature';

export const chainMessages: Messages<ChainCode> = {
  'chain-misordered': {
    describe: ({ order }) =>
      `The chain is sent in the wrong order; right would be ${order.map((index) => `#${index}`).join(', ')}.`,
    advise: (_, { target }) =>
      `Put the chain file in order, the leaf first and each issuer behind what it issued, and ${reload(target)}.`,
  },
  'chain-extra': {
    describe: ({ subject }) => `${quote(subject)} is sent and no client needs it.`,
    advise: () => 'Take it out of the chain file when you next touch it.',
  },
  'chain-duplicate': {
    describe: ({ of }, { subject }) => `${subject} is sent more than once: the same as #${of}.`,
    advise: () => 'Take it out of the chain file when you next touch it.',
  },
  'root-sent': {
    describe: ({ subject }) => `The root ${quote(subject)} is sent: a client has its own or does not trust it.`,
    advise: () => 'Take it out of the chain file when you next touch it.',
  },
  'weak-key': {
    describe: ({ type, bits, curve, minimumBits, exponent }, { subject }) => {
      const key = `${type.toUpperCase()}${bits > 0 ? ` ${bits}` : ''}${curve ? ` (${curve})` : ''}`;
      if (exponent !== undefined) return `${subject} has a broken key: ${key} with exponent ${exponent}.`;
      return minimumBits === undefined
        ? `${subject} has a weak key: ${key}, which no client takes any more.`
        : `${subject} has a weak key: ${key}, where ${minimumBits} bits are the least.`;
    },
    advise: () => 'Make a new key (EC P-256, or RSA 2048 and up) and have the certificate reissued for it.',
  },
  'weak-signature': {
    describe: ({ algorithm }, { subject }) =>
      `${subject} is signed with ${algorithm}, which can be forged or is refused by clients.`,
    advise: () => 'Have it reissued with a SHA-256 signature.',
  },
};
