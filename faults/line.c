// A bad line between two hosts: two network namespaces, a TUN device in each, and this program in between, which carries every packet
// and may lose, delay, overtake, double or damage it. Needs root and /dev/net/tun; nothing of it outlasts the program.
//
//   line SEED
//
// First it prints "/proc/PID/fd/N /proc/PID/fd/N", the namespaces of the near host (10.99.0.1) and the far one (10.99.0.2). Then it does
// what standard input says, a command a line, and answers each with a line:
//
//   set delay=20 jitter=10 loss=2 ...   the line's properties from now on; what is not named is 0. "ok"
//     delay, jitter                     ms on the way, and how much more or less at random: packets overtake each other
//     loss, duplicate, corrupt          percent of the packets; one that is damaged has one bit flipped
//     rate, queue                       kbit/s, and how many bytes may wait for their turn; what finds the queue full is lost
//   cut, mend                           the cable; a cut one loses what is on it. "ok"
//   report                              what happened, as JSON
//
// It ends with its standard input, and with its parent. The devices have no offloading: the kernel computes every checksum of what
// it sends and verifies every one of what it gets.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// Packets on the way at most, both ways together: more than any test has, so that memory is bounded and nothing else.
#define MOST 20000
#define LONGEST 2048

struct packet {
  uint64_t due, number;
  int from, length;
  unsigned char bytes[LONGEST];
};

struct side {
  int namespace, device;
  uint64_t free_at; // when all that waits for its turn will have gone out
  uint64_t next, newest;
  unsigned long taken, lost, overflowed, doubled, corrupted, overtaken, cut, delivered, refused;
};

static struct side sides[2];
static struct { double delay, jitter, loss, duplicate, corrupt, rate, queue; } line;
static bool broken;
static uint64_t state;

static struct packet *heap[MOST];
static int held;

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/// xorshift64*, in [0, 1).
static double chance(void) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (double)((state * 0x2545f4914f6cdd1dULL) >> 11) / 9007199254740992.0;
}

static bool happens(double percent) { return percent > 0 && chance() * 100 < percent; }

// The packets on the way, the one that arrives first on top.

static bool before(const struct packet *a, const struct packet *b) {
  return a->due != b->due ? a->due < b->due : a->number < b->number;
}

static void push(struct packet *packet) {
  int at = held++;
  for (; at > 0 && before(packet, heap[(at - 1) / 2]); at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
  heap[at] = packet;
}

static struct packet *pop(void) {
  struct packet *top = heap[0], *last = heap[--held];
  int at = 0;
  for (int child; (child = 2 * at + 1) < held; at = child) {
    if (child + 1 < held && before(heap[child + 1], heap[child])) child++;
    if (!before(heap[child], last)) break;
    heap[at] = heap[child];
  }
  if (held > 0) heap[at] = last;
  return top;
}

// The hosts.

static void configure(const char *address) {
  struct ifreq request = {.ifr_name = "cable"};
  struct sockaddr_in *in = (struct sockaddr_in *)&request.ifr_addr;
  int ask = socket(AF_INET, SOCK_DGRAM, 0);
  if (ask < 0) fail("socket");
  in->sin_family = AF_INET;
  inet_pton(AF_INET, address, &in->sin_addr);
  if (ioctl(ask, SIOCSIFADDR, &request) != 0) fail("SIOCSIFADDR");
  inet_pton(AF_INET, "255.255.255.0", &in->sin_addr);
  if (ioctl(ask, SIOCSIFNETMASK, &request) != 0) fail("SIOCSIFNETMASK");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(ask, SIOCSIFFLAGS, &request) != 0) fail("SIOCSIFFLAGS");
  close(ask);
}

static void lay(struct side *side, const char *address) {
  if (unshare(CLONE_NEWNET) != 0) fail("no network namespace");
  side->namespace = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (side->namespace < 0) fail("/proc/self/ns/net");
  side->device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (side->device < 0) fail("/dev/net/tun");
  // IFF_VNET_HDR would let the kernel leave checksums to the device.
  struct ifreq request = {.ifr_name = "cable", .ifr_flags = IFF_TUN | IFF_NO_PI};
  if (ioctl(side->device, TUNSETIFF, &request) != 0) fail("TUNSETIFF");
  if (ioctl(side->device, TUNSETOFFLOAD, 0) != 0) fail("TUNSETOFFLOAD");
  configure(address);
}

// The line.

static void send_off(int from, const unsigned char *bytes, int length, uint64_t out) {
  struct side *side = &sides[from];
  struct packet *packet = held < MOST ? malloc(sizeof *packet) : NULL;
  if (!packet) {
    side->overflowed++;
    return;
  }
  double ms = line.delay + line.jitter * (2 * chance() - 1);
  *packet = (struct packet){.due = out + (uint64_t)(ms > 0 ? ms * 1e6 : 0), .number = side->next++, .from = from, .length = length};
  memcpy(packet->bytes, bytes, (size_t)length);
  if (happens(line.corrupt)) {
    side->corrupted++;
    int bit = (int)(chance() * length * 8);
    packet->bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
  }
  push(packet);
}

/// Takes a packet that a host has sent.
static void take(int from, const unsigned char *bytes, int length) {
  struct side *side = &sides[from];
  side->taken++;
  if (broken) {
    side->cut++;
    return;
  }
  if (happens(line.loss)) {
    side->lost++;
    return;
  }
  uint64_t out = now();
  if (line.rate > 0) {
    double waiting = side->free_at > out ? (double)(side->free_at - out) * line.rate / 8e6 : 0;
    if (waiting + length > line.queue) {
      side->overflowed++;
      return;
    }
    side->free_at = (side->free_at > out ? side->free_at : out) + (uint64_t)(length * 8e6 / line.rate);
    out = side->free_at;
  }
  send_off(from, bytes, length, out);
  if (happens(line.duplicate)) {
    side->doubled++;
    send_off(from, bytes, length, out);
  }
}

static void deliver(struct packet *packet) {
  struct side *side = &sides[packet->from];
  if (broken) {
    side->cut++;
  } else {
    if (packet->number < side->newest) side->overtaken++;
    else side->newest = packet->number;
    // Refused is what looks like no IP packet at all any more.
    if (write(sides[!packet->from].device, packet->bytes, (size_t)packet->length) == packet->length) side->delivered++;
    else side->refused++;
  }
  free(packet);
}

// The commands.

static void report(void) {
  for (int i = 0; i < 2; i++) {
    struct side *s = &sides[i];
    printf("%s{\"taken\":%lu,\"lost\":%lu,\"overflowed\":%lu,\"doubled\":%lu,\"corrupted\":%lu,\"overtaken\":%lu,\"cut\":%lu,\"delivered\":%lu,"
           "\"refused\":%lu}%s", i ? "," : "[", s->taken, s->lost, s->overflowed, s->doubled, s->corrupted, s->overtaken, s->cut,
           s->delivered, s->refused, i ? "]\n" : "");
  }
}

static bool set(char *text) {
  static const char *const names[] = {"delay", "jitter", "loss", "duplicate", "corrupt", "rate", "queue"};
  double *values[] = {&line.delay, &line.jitter, &line.loss, &line.duplicate, &line.corrupt, &line.rate, &line.queue};
  memset(&line, 0, sizeof line);
  for (char *item; (item = strsep(&text, " "));) {
    if (!*item) continue;
    char *value = strchr(item, '='), *end;
    if (!value) return false;
    *value++ = 0;
    int i = 0;
    while (i < 7 && strcmp(item, names[i])) i++;
    if (i == 7) return false;
    *values[i] = strtod(value, &end);
    if (*end || end == value || *values[i] < 0) return false;
  }
  return true;
}

static void obey(char *command) {
  bool ok = true;
  if (!strncmp(command, "set", 3) && (!command[3] || command[3] == ' ')) ok = set(command + 3);
  else if (!strcmp(command, "cut")) broken = true;
  else if (!strcmp(command, "mend")) broken = false;
  else if (!strcmp(command, "report")) { report(); return; }
  else ok = false;
  if (!ok) {
    fprintf(stderr, "line: cannot read \"%s\"\n", command);
    exit(2);
  }
  puts("ok");
}

static void read_commands(void) {
  static char text[1024];
  static size_t have;
  ssize_t more = read(0, text + have, sizeof text - 1 - have);
  // The end of whoever laid the line, or a command longer than there are.
  if (more <= 0) exit(0);
  have += (size_t)more;
  for (char *end; (end = memchr(text, '\n', have));) {
    *end = 0;
    obey(text);
    have -= (size_t)(end + 1 - text);
    memmove(text, end + 1, have);
  }
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  pid_t parent = getppid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) return 0;
  state = strtoull(argv[1], NULL, 10) * 0x9e3779b97f4a7c15ULL + 1;
  setvbuf(stdout, NULL, _IOLBF, 0);
  lay(&sides[0], "10.99.0.1");
  lay(&sides[1], "10.99.0.2");
  printf("/proc/%d/fd/%d /proc/%d/fd/%d\n", getpid(), sides[0].namespace, getpid(), sides[1].namespace);
  for (;;) {
    struct pollfd ready[] = {{sides[0].device, POLLIN, 0}, {sides[1].device, POLLIN, 0}, {0, POLLIN, 0}};
    struct timespec wait = {0, 0};
    if (held > 0) {
      uint64_t at = now();
      if (heap[0]->due > at) wait = (struct timespec){(time_t)((heap[0]->due - at) / 1000000000), (long)((heap[0]->due - at) % 1000000000)};
    }
    if (ppoll(ready, 3, held > 0 ? &wait : NULL, NULL) < 0 && errno != EINTR) fail("ppoll");
    if (ready[2].revents) read_commands();
    for (int from = 0; from < 2; from++) {
      unsigned char bytes[LONGEST];
      // Not more at once, so that what is due is not late however much is sent.
      for (int i = 0; ready[from].revents && i < 64; i++) {
        ssize_t length = read(sides[from].device, bytes, sizeof bytes);
        if (length <= 0) break;
        take(from, bytes, (int)length);
      }
    }
    for (uint64_t at = now(); held > 0 && heap[0]->due <= at;) deliver(pop());
  }
}
