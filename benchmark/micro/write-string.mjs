// One write of a small string.
import { measureWrite } from './write.mjs';

await measureWrite('write of a 64 B string', 'a'.repeat(64));
