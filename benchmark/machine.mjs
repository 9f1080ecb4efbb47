// The machine: what it is, and whether anybody else is busy on it.
import fs from 'node:fs';
import os from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

export function describeMachine() {
  const cpus = os.cpus();
  return {
    processor: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release().split('-')[0]} ${os.arch()}`,
  };
}

/** Resident memory of a process, in bytes. */
export function residentMemory(pid) {
  const found = /^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  return found ? Number(found[1]) * 1024 : NaN;
}

/** Waits until the machine does nothing for a moment, or until the patience is used up. */
export async function quiet({ patience = 10_000, cores = 0.2 } = {}) {
  const until = performance.now() + patience;
  let idle = false;
  while (!idle && performance.now() < until) {
    const before = busySeconds();
    await delay(300);
    idle = busySeconds() - before < 0.3 * cores;
  }
  return idle;
}

function busySeconds() {
  // user, nice, system, idle, iowait, irq, softirq; in hundredths of a second
  const [user, nice, system, , , irq, softirq] = fs
    .readFileSync('/proc/stat', 'utf8')
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq) / 100;
}
