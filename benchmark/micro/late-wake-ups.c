// Threads that have slept in epoll_wait wake up late, as they do where a virtual machine's processors fall asleep: LD_PRELOAD this
// library and say how many microseconds later in LATE. The processor is kept busy for so long.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

// Who has waited for so many microseconds has slept.
#define SLEPT 4

static double late;

__attribute__((constructor)) static void read_setting(void) {
  const char *text = getenv("LATE");
  late = text ? atof(text) : 0;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int wake_late(int count, double began) {
  double woken = now();
  if (count > 0 && woken - began > SLEPT)
    while (now() - woken < late) {}
  return count;
}

int epoll_wait(int poll, struct epoll_event *events, int room, int timeout) {
  static int (*real)(int, struct epoll_event *, int, int);
  if (!real) real = (int (*)(int, struct epoll_event *, int, int))dlsym(RTLD_NEXT, "epoll_wait");
  double began = now();
  return wake_late(real(poll, events, room, timeout), began);
}

int epoll_pwait(int poll, struct epoll_event *events, int room, int timeout, const sigset_t *mask) {
  static int (*real)(int, struct epoll_event *, int, int, const sigset_t *);
  if (!real) real = (int (*)(int, struct epoll_event *, int, int, const sigset_t *))dlsym(RTLD_NEXT, "epoll_pwait");
  double began = now();
  return wake_late(real(poll, events, room, timeout, mask), began);
}
