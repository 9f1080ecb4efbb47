// Values as one line of text that is the same under every runtime and in every run.

const ERROR_KEYS = ['code', 'errno', 'syscall', 'address', 'port', 'hostname', 'reason', 'library', 'errqueue'];

/** What differs between runs (ports, folders) and the name that stands for it. */
const standIns = [];

export function standIn(text, name) {
  standIns.unshift([String(text), `<${name}>`]);
}

export function stable(text) {
  for (const [actual, name] of standIns) {
    // A port is replaced only where it is the whole number.
    const pattern = /^\d+$/.test(actual) ? `(?<!\\d)${actual}(?!\\d)` : actual.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    text = text.replace(new RegExp(pattern, 'g'), name);
  }
  return text;
}

/** Bytes as text; beyond 40 only their number and a checksum of the rest. */
export function describeBytes(bytes) {
  let text = '';
  for (const byte of bytes.subarray(0, 40)) {
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  if (bytes.length <= 40) return `"${text}"`;
  let sum = 0;
  for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) >>> 0;
  return `"${text}"... sum ${sum.toString(16)}`;
}

function describeError(error, depth) {
  const type = error.constructor?.name ?? 'Error';
  const name = error.name === type ? type : `${type} named ${error.name}`;
  const facts = ERROR_KEYS.filter((key) => error[key] !== undefined).map(
    (key) => `${key} ${describe(error[key], depth)}`,
  );
  return `${name}: ${error.message}${facts.length > 0 ? ` (${facts.join(', ')})` : ''}`;
}

function describeObject(value, depth) {
  if (value instanceof Error) return describeError(value, depth + 1);
  if (value instanceof ArrayBuffer) return `ArrayBuffer ${value.byteLength} ${describeBytes(new Uint8Array(value))}`;
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return `${value.constructor.name} ${bytes.length} ${describeBytes(bytes)}`;
  }
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag !== 'Object' && tag !== 'Array') return `<${tag}>`;
  if (depth > 3) return '...';
  if (Array.isArray(value)) return `[${value.map((item) => describe(item, depth + 1)).join(', ')}]`;
  return `{${Object.keys(value)
    .map((key) => `${key}: ${describe(value[key], depth + 1)}`)
    .join(', ')}}`;
}

export function describe(value, depth = 0) {
  if (typeof value === 'string') return JSON.stringify(stable(value));
  if (typeof value === 'function') return `<function ${value.name}>`;
  if (typeof value === 'bigint') return `${value}n`;
  if (Object.is(value, -0)) return '-0';
  if (typeof value !== 'object' || value === null) return stable(String(value));
  return stable(describeObject(value, depth));
}
