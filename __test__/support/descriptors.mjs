// The descriptors of this process.

import fs from 'node:fs';

/** What glibc reads before it gives a thread's memory back, now and then long enough to be seen. */
const OF_GLIBC = '/proc/sys/vm/overcommit_memory';

/**
 * What each of them refers to: a path, or a kind and a number. Empty but on Linux. Those that are closed while this looks are left out: the
 * one it looks with, and the ones that V8 and glibc have for a moment.
 */
export function openDescriptors() {
  if (process.platform !== 'linux') return [];
  return fs.readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = fs.readlinkSync(`/proc/self/fd/${fd}`);
      return target === OF_GLIBC ? [] : [target];
    } catch (error) {
      if (error.code === 'ENOENT') return [];
      throw error;
    }
  });
}
