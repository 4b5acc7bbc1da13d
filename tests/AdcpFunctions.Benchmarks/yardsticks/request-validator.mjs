import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';

const schema = JSON.parse(readFileSync(new URL('report-usage-request.schema.json', import.meta.url), 'utf8'));
const ajv = new Ajv({ strict: false });
formats.default(ajv);

/** Ajv's compiled form of the request schema; first error only, which is its fastest setting. */
export const validate = ajv.compile(schema);
