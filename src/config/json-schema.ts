/**
 * `config schema`: the JSON Schema of the config file, for editors. Loads `zod`.
 */
import { z } from 'zod';
import { configSchema } from './config-schema.ts';
import { SAMPLES } from './schema-values.ts';

/** @returns JSON text with a newline at its end. */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema({ place: (path) => path, secrets: new Map() }), {
    io: 'input',
    // What editors and validators take without being told anything.
    target: 'draft-7',
    override: ({ jsonSchema }) => {
      const { [SAMPLES]: examples } = jsonSchema as Record<string, unknown>;
      if (Array.isArray(examples)) jsonSchema.examples = examples;
      delete (jsonSchema as Record<string, unknown>)[SAMPLES];
    },
  });
  const named = { $schema: schema.$schema, title: 'certwatch.yaml', ...schema };
  return `${JSON.stringify(named, null, 2)}\n`;
}
