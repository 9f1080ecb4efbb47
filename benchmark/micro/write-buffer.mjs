// One write of a small Buffer.
import { measureWrite } from './write.mjs';

await measureWrite('write of a 64 B Buffer', Buffer.alloc(64, 'a'));
