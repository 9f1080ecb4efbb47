// Makes system calls of the addon fail or fall short: LD_PRELOAD this library and say which in FAULTS.
//
//   FAULTS="send:3:EPIPE,recv:*2:cut,accept4:1-4:EMFILE"
//
// is a list of CALL:WHEN:WHAT. WHEN counts the calls of the addon: "3" the third, "3+" all from the third on, "1-4" the first four,
// "*2" every second. WHAT is the name of an error, or "cut": at most one byte is sent or received, or one datagram of several. The errors of getaddrinfo are
// its own (EAI_AGAIN ...) or system errors, which it reports through EAI_SYSTEM.
//
// Only calls from a library whose name ends in ".node" are touched: Node's own sockets stay intact.
//
// After "cut" and EAGAIN the descriptor is armed again in every epoll that has it, so that an edge follows, as it does when the kernel
// itself falls short: the rest of the data or of the room comes later.
//
// At exit "CALL calls injected" is written, a line for each call, to the file named by FAULTS_REPORT.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

enum call {
  SEND, SENDTO, SENDMSG, WRITEV, RECV, RECVFROM, RECVMSG, ACCEPT4, CONNECT, SOCKET, SETSOCKOPT, GETSOCKOPT, SHUTDOWN,
  EPOLL_ADD, EPOLL_DEL, GETADDRINFO, SENDMMSG, RECVMMSG, BIND, CALLS
};

static const char *const NAMES[CALLS] = {
  "send", "sendto", "sendmsg", "writev", "recv", "recvfrom", "recvmsg", "accept4", "connect", "socket", "setsockopt",
  "getsockopt", "shutdown", "epoll_add", "epoll_del", "getaddrinfo", "sendmmsg", "recvmmsg", "bind",
};

static const struct { const char *name; int number; } ERRORS[] = {
  {"EINTR", EINTR}, {"EAGAIN", EAGAIN}, {"ENOBUFS", ENOBUFS}, {"EMFILE", EMFILE}, {"ENFILE", ENFILE}, {"ECONNABORTED", ECONNABORTED},
  {"EPIPE", EPIPE}, {"ETIMEDOUT", ETIMEDOUT}, {"ENOMEM", ENOMEM}, {"ECONNRESET", ECONNRESET}, {"EPERM", EPERM}, {"ENOSPC", ENOSPC},
  {"EINVAL", EINVAL}, {"ENOTCONN", ENOTCONN}, {"EHOSTUNREACH", EHOSTUNREACH}, {"ENETUNREACH", ENETUNREACH}, {"EACCES", EACCES},
  {"EADDRNOTAVAIL", EADDRNOTAVAIL}, {"ECONNREFUSED", ECONNREFUSED}, {"EMSGSIZE", EMSGSIZE}, {"EPROTO", EPROTO}, {"EADDRINUSE", EADDRINUSE},
  {"EIO", EIO},
  {"EAI_AGAIN", EAI_AGAIN}, {"EAI_FAIL", EAI_FAIL}, {"EAI_MEMORY", EAI_MEMORY}, {"EAI_NONAME", EAI_NONAME},
};

#define CUT 10000

struct fault { enum call call; unsigned long from, to, every; int what; };

static struct fault faults[32];
static size_t fault_count;
static atomic_ulong calls[CALLS], injected[CALLS];

static void wrong(const char *text) {
  fprintf(stderr, "FAULTS: cannot read \"%s\"\n", text);
  abort();
}

static void parse(char *item) {
  char *call = strtok(item, ":"), *when = strtok(NULL, ":"), *what = strtok(NULL, ":");
  if (!call || !when || !what || fault_count == sizeof faults / sizeof *faults) wrong(item);
  struct fault *fault = &faults[fault_count++];
  fault->call = CALLS;
  for (int i = 0; i < CALLS; i++) if (!strcmp(call, NAMES[i])) fault->call = i;
  if (fault->call == CALLS) wrong(call);
  char *end;
  if (*when == '*') {
    fault->every = strtoul(when + 1, &end, 10);
    fault->from = 1;
    fault->to = -1UL;
    if (fault->every == 0) wrong(when);
  } else {
    fault->every = 1;
    fault->from = fault->to = strtoul(when, &end, 10);
    if (*end == '+') { fault->to = -1UL; end++; }
    else if (*end == '-') fault->to = strtoul(end + 1, &end, 10);
  }
  if (*end) wrong(when);
  fault->what = strcmp(what, "cut") ? 0 : CUT;
  for (size_t i = 0; i < sizeof ERRORS / sizeof *ERRORS; i++) if (!strcmp(what, ERRORS[i].name)) fault->what = ERRORS[i].number;
  if (fault->what == 0) wrong(what);
}

__attribute__((constructor)) static void start(void) {
  const char *text = getenv("FAULTS");
  if (!text) return;
  char *copy = strdup(text), *rest = copy;
  // strtok is used inside: the items are cut apart first.
  for (char *item; (item = strsep(&rest, ","));) if (*item) parse(item);
  free(copy);
}

__attribute__((destructor)) static void report(void) {
  const char *path = getenv("FAULTS_REPORT");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  for (int i = 0; i < CALLS; i++) if (calls[i]) fprintf(file, "%s %lu %lu\n", NAMES[i], (unsigned long)calls[i], (unsigned long)injected[i]);
  fclose(file);
}

// Whether a call came from the addon. The last answers are kept: looking an address up takes longer than most calls.
static bool of_addon(const void *caller) {
  static _Thread_local const void *last[2];
  if (caller == last[0]) return true;
  if (caller == last[1]) return false;
  Dl_info info;
  size_t length = 0;
  bool is = dladdr(caller, &info) && info.dli_fname && (length = strlen(info.dli_fname)) > 5 && !strcmp(info.dli_fname + length - 5, ".node");
  last[is ? 0 : 1] = caller;
  return is;
}

/// What is to happen to this call: 0, an error number or CUT.
static int fate(enum call call, const void *caller) {
  if (fault_count == 0 || !of_addon(caller)) return 0;
  unsigned long n = atomic_fetch_add(&calls[call], 1) + 1;
  for (size_t i = 0; i < fault_count; i++) {
    const struct fault *fault = &faults[i];
    if (fault->call == call && n >= fault->from && n <= fault->to && n % fault->every == 0) {
      atomic_fetch_add(&injected[call], 1);
      return fault->what;
    }
  }
  return 0;
}

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

#define CALLER __builtin_return_address(0)

// Which epolls watch a descriptor, and for what.
struct watch { int epoll; bool used; struct epoll_event event; };
#define DESCRIPTORS 65536
#define WATCHES 2
static struct watch watches[DESCRIPTORS][WATCHES];
static pthread_mutex_t watch_lock = PTHREAD_MUTEX_INITIALIZER;

static int real_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event) {
  REAL(int, "epoll_ctl", int, int, int, struct epoll_event *);
  return real(epoll, op, fd, event);
}

static void remember(int epoll, int op, int fd, const struct epoll_event *event) {
  if (fd < 0 || fd >= DESCRIPTORS) return;
  pthread_mutex_lock(&watch_lock);
  struct watch *slot = NULL;
  for (int i = 0; i < WATCHES; i++) {
    struct watch *watch = &watches[fd][i];
    if (watch->used && watch->epoll == epoll) { slot = watch; break; }
    if (!watch->used && !slot) slot = watch;
  }
  if (op == EPOLL_CTL_DEL) {
    if (slot && slot->used) slot->used = false;
  } else if (slot) {
    *slot = (struct watch){epoll, true, *event};
  }
  pthread_mutex_unlock(&watch_lock);
}

/// Makes the poll tell of the descriptor again.
static void edge(int fd) {
  if (fd < 0 || fd >= DESCRIPTORS) return;
  int saved = errno;
  pthread_mutex_lock(&watch_lock);
  for (int i = 0; i < WATCHES; i++) {
    struct watch *watch = &watches[fd][i];
    // Who was closed without being taken out is forgotten here.
    if (watch->used && real_epoll_ctl(watch->epoll, EPOLL_CTL_MOD, fd, &watch->event) != 0) watch->used = false;
  }
  pthread_mutex_unlock(&watch_lock);
  errno = saved;
}

int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event) {
  bool ours = fault_count > 0 && of_addon(CALLER);
  int what = op == EPOLL_CTL_MOD ? 0 : fate(op == EPOLL_CTL_ADD ? EPOLL_ADD : EPOLL_DEL, CALLER);
  if (what) { errno = what; return -1; }
  int result = real_epoll_ctl(epoll, op, fd, event);
  if (ours && result == 0) remember(epoll, op, fd, event);
  return result;
}

/// The answer to a fault that is an error.
static ssize_t fail(int fd, int what) {
  if (what == EAGAIN) edge(fd);
  errno = what;
  return -1;
}

#define TRANSFER(call, fd, cut, full) \
  int what = fate(call, CALLER); \
  if (what == CUT) { \
    ssize_t result = cut; \
    edge(fd); \
    return result; \
  } \
  if (what) return fail(fd, what); \
  return full

ssize_t send(int fd, const void *data, size_t length, int flags) {
  REAL(ssize_t, "send", int, const void *, size_t, int);
  TRANSFER(SEND, fd, real(fd, data, length ? 1 : 0, flags), real(fd, data, length, flags));
}

ssize_t sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *to, socklen_t size) {
  REAL(ssize_t, "sendto", int, const void *, size_t, int, const struct sockaddr *, socklen_t);
  // Datagrams are not cut: the kernel never does.
  TRANSFER(SENDTO, fd, real(fd, data, length, flags, to, size), real(fd, data, length, flags, to, size));
}

static struct msghdr first_byte(const struct msghdr *message, struct iovec *one) {
  struct msghdr cut = *message;
  for (size_t i = 0; i < message->msg_iovlen; i++) {
    if (message->msg_iov[i].iov_len == 0) continue;
    *one = (struct iovec){message->msg_iov[i].iov_base, 1};
    cut.msg_iov = one;
    cut.msg_iovlen = 1;
    break;
  }
  return cut;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  REAL(ssize_t, "sendmsg", int, const struct msghdr *, int);
  struct iovec one;
  struct msghdr cut = first_byte(message, &one);
  TRANSFER(SENDMSG, fd, real(fd, &cut, flags), real(fd, message, flags));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(ssize_t, "writev", int, const struct iovec *, int);
  struct iovec one = {NULL, 0};
  for (int i = 0; i < count && one.iov_len == 0; i++) if (parts[i].iov_len) one = (struct iovec){parts[i].iov_base, 1};
  TRANSFER(WRITEV, fd, real(fd, &one, 1), real(fd, parts, count));
}

ssize_t recv(int fd, void *into, size_t room, int flags) {
  REAL(ssize_t, "recv", int, void *, size_t, int);
  TRANSFER(RECV, fd, real(fd, into, room ? 1 : 0, flags), real(fd, into, room, flags));
}

ssize_t recvfrom(int fd, void *into, size_t room, int flags, struct sockaddr *from, socklen_t *size) {
  REAL(ssize_t, "recvfrom", int, void *, size_t, int, struct sockaddr *, socklen_t *);
  TRANSFER(RECVFROM, fd, real(fd, into, room, flags, from, size), real(fd, into, room, flags, from, size));
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
  REAL(ssize_t, "recvmsg", int, struct msghdr *, int);
  TRANSFER(RECVMSG, fd, real(fd, message, flags), real(fd, message, flags));
}

// The addon makes some of these calls itself. They count as those that libc has for them.
long syscall(long number, ...) {
  REAL(long, "syscall", long, ...);
  long a[6];
  va_list arguments;
  va_start(arguments, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(arguments, long);
  va_end(arguments);
  if (number == SYS_recvfrom && a[4] == 0) {
    TRANSFER(RECV, (int)a[0], real(number, a[0], a[1], a[2] ? 1L : 0L, a[3], 0L, 0L), real(number, a[0], a[1], a[2], a[3], 0L, 0L));
  }
  if (number == SYS_sendto && a[4] == 0) {
    TRANSFER(SEND, (int)a[0], real(number, a[0], a[1], a[2] ? 1L : 0L, a[3], 0L, 0L), real(number, a[0], a[1], a[2], a[3], 0L, 0L));
  }
  if (number == SYS_sendmsg) {
    struct iovec one;
    struct msghdr cut = first_byte((const struct msghdr *)a[1], &one);
    TRANSFER(SENDMSG, (int)a[0], real(number, a[0], &cut, a[2]), real(number, a[0], a[1], a[2]));
  }
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  REAL(int, "sendmmsg", int, struct mmsghdr *, unsigned, int);
  TRANSFER(SENDMMSG, fd, real(fd, messages, count ? 1 : 0, flags), real(fd, messages, count, flags));
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *limit) {
  REAL(int, "recvmmsg", int, struct mmsghdr *, unsigned, int, struct timespec *);
  TRANSFER(RECVMMSG, fd, real(fd, messages, count ? 1 : 0, flags, limit), real(fd, messages, count, flags, limit));
}

int accept4(int fd, struct sockaddr *from, socklen_t *size, int flags) {
  REAL(int, "accept4", int, struct sockaddr *, socklen_t *, int);
  int what = fate(ACCEPT4, CALLER);
  if (what) return (int)fail(fd, what);
  return real(fd, from, size, flags);
}

int connect(int fd, const struct sockaddr *to, socklen_t size) {
  REAL(int, "connect", int, const struct sockaddr *, socklen_t);
  int what = fate(CONNECT, CALLER);
  // An interrupted connect goes on by itself.
  if (what == EINTR) (void)!real(fd, to, size);
  if (what) return (int)fail(fd, what);
  return real(fd, to, size);
}

int bind(int fd, const struct sockaddr *to, socklen_t size) {
  REAL(int, "bind", int, const struct sockaddr *, socklen_t);
  int what = fate(BIND, CALLER);
  if (what) return (int)fail(-1, what);
  return real(fd, to, size);
}

int socket(int domain, int type, int protocol) {
  REAL(int, "socket", int, int, int);
  int what = fate(SOCKET, CALLER);
  if (what) return (int)fail(-1, what);
  return real(domain, type, protocol);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t size) {
  REAL(int, "setsockopt", int, int, int, const void *, socklen_t);
  int what = fate(SETSOCKOPT, CALLER);
  if (what) return (int)fail(-1, what);
  return real(fd, level, name, value, size);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *size) {
  REAL(int, "getsockopt", int, int, int, void *, socklen_t *);
  int what = fate(GETSOCKOPT, CALLER);
  if (what) return (int)fail(-1, what);
  return real(fd, level, name, value, size);
}

int shutdown(int fd, int how) {
  REAL(int, "shutdown", int, int);
  int what = fate(SHUTDOWN, CALLER);
  if (what) return (int)fail(-1, what);
  return real(fd, how);
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  REAL(int, "getaddrinfo", const char *, const char *, const struct addrinfo *, struct addrinfo **);
  int what = fate(GETADDRINFO, CALLER);
  if (what == 0) return real(host, service, hints, found);
  if (what < 0) return what;
  errno = what;
  return EAI_SYSTEM;
}
