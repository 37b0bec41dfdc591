/* Kills the process that it is loaded into at one chosen step of issuing: for issue_kills.py.
 *
 *     cc -shared -fPIC -O1 -o kill_at.so kill_at.c -ldl
 *     KILL_PORT=8421 KILL_JOURNAL=chaski.db-wal KILL_AT=send:1:head LD_PRELOAD=./kill_at.so chaski …
 *
 * The steps are the calls that touch the database's write-ahead log and the connection to that port: `connect`,
 * `send`, `recv` (that brings something), `write` (the first page of a transaction), `sync`; those on files of
 * documents: `file` (written), `kept` (synced); and `told`, what leaves on any other connection. KILL_AT names one by its
 * count and where in it: `before`, `after`, `half` (half of the bytes), `head` (up to the end of an HTTP header).
 * KILL_TRACE names a file that lists the steps. KILL_ARMED names a file without which nothing counts.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) (__typeof__(&name))dlsym(RTLD_NEXT, #name)
enum step { CONNECT, SEND, RECV, WRITE, SYNC, FILE_, KEPT, TOLD, STEPS };
static const char *const NAMES[STEPS] = {"connect", "send", "recv", "write", "sync", "file", "kept", "told"};
static int counts[STEPS];
/* Whether the log was synced since the last page: the next page begins a transaction. */
static int fresh = 1;

static void die(void) {
    syscall(SYS_kill, (int)syscall(SYS_getpid), SIGKILL);
}

/* Counts a step, and says where in it the process dies, if it does. */
static const char *dies_at(enum step step, size_t size) {
    const char *armed = getenv("KILL_ARMED");
    if (armed && syscall(SYS_faccessat, AT_FDCWD, armed, F_OK)) return NULL;
    int count = __atomic_add_fetch(&counts[step], 1, __ATOMIC_SEQ_CST);
    const char *trace = getenv("KILL_TRACE"), *wanted = getenv("KILL_AT");
    char line[96];
    if (trace) {
        int length = snprintf(line, sizeof line, "%s:%d %zu\n", NAMES[step], count, size);
        int fd = (int)syscall(SYS_openat, AT_FDCWD, trace, O_WRONLY | O_CREAT | O_APPEND, 0600);
        syscall(SYS_write, fd, line, length);
        syscall(SYS_close, fd);
    }
    int length = snprintf(line, sizeof line, "%s:%d:", NAMES[step], count);
    if (!wanted || strncmp(wanted, line, (size_t)length)) return NULL;
    if (!strcmp(wanted + length, "before")) die();
    return wanted + length;
}

static int is_port(const struct sockaddr *address) {
    const char *port = getenv("KILL_PORT");
    const struct sockaddr_in *in = (const void *)address;
    return port && address->sa_family == AF_INET && ntohs(in->sin_port) == atoi(port);
}

static int is_connection(int fd) {
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    return !getpeername(fd, (void *)&peer, &length) && is_port((void *)&peer);
}

static int is_of_others(int fd) {
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    return !getpeername(fd, (void *)&peer, &length) && peer.ss_family == AF_INET && !is_port((void *)&peer);
}

static ssize_t path_of(int fd, char path[4096]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, 4095);
    path[length > 0 ? length : 0] = 0;
    return length;
}

static int is_journal(int fd) {
    const char *name = getenv("KILL_JOURNAL");
    char path[4096];
    ssize_t length = path_of(fd, path);
    if (!name || length < (ssize_t)strlen(name)) return 0;
    return !strcmp(path + length - strlen(name), name);
}

static int is_file_of_document(int fd) {
    char path[4096];
    return path_of(fd, path) > 0 && strstr(path, "/comprobantes/") != NULL;
}

/* Sends bytes or a part of them, and dies where it was said. */
static void part_then_die(int fd, const char *bytes, size_t size, const char *where) {
    const char *end = memmem(bytes, size, "\r\n\r\n", 4);
    size_t head = end ? (size_t)(end - bytes) + 4 : size / 2;
    size_t part = !strcmp(where, "after") ? size : !strcmp(where, "head") ? head : head + (size - head) / 2;
    while (part) {
        ssize_t done = syscall(SYS_sendto, fd, bytes, part, MSG_NOSIGNAL, NULL, 0);
        if (done <= 0) break;
        bytes += done, part -= (size_t)done;
    }
    die();
}

static void leaving(int fd, const struct iovec *parts, int count) {
    int upstream = is_connection(fd);
    if (!upstream && !is_of_others(fd)) return;
    size_t size = 0, at = 0;
    for (int n = 0; n < count; n++) size += parts[n].iov_len;
    const char *where = dies_at(upstream ? SEND : TOLD, size);
    if (!where) return;
    char *bytes = malloc(size + 1);
    for (int n = 0; n < count; at += parts[n].iov_len, n++) memcpy(bytes + at, parts[n].iov_base, parts[n].iov_len);
    part_then_die(fd, bytes, size, where);
}

static ssize_t came(int fd, ssize_t done) {
    if (done > 0 && is_connection(fd) && dies_at(RECV, (size_t)done)) die();
    return done;
}

/* How much may be read at once: a part, where the process is to die in the middle of an answer. */
static size_t at_most(int fd, size_t size) {
    const char *wanted = getenv("KILL_AT");
    int half = wanted && !strncmp(wanted, "recv:", 5) && strstr(wanted, ":half");
    return half && size > 64 && is_connection(fd) ? 64 : size;
}

int connect(int fd, const struct sockaddr *address, socklen_t length) {
    const char *where = is_port(address) ? dies_at(CONNECT, 0) : NULL;
    int done = (REAL(connect))(fd, address, length);
    if (where) die();
    return done;
}

ssize_t write(int fd, const void *bytes, size_t size) {
    leaving(fd, &(struct iovec){(void *)bytes, size}, 1);
    const char *where = is_file_of_document(fd) ? dies_at(FILE_, size) : NULL;
    if (where) {
        syscall(SYS_write, fd, bytes, !strcmp(where, "after") ? size : size / 2);
        die();
    }
    return (REAL(write))(fd, bytes, size);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    leaving(fd, parts, count);
    return (REAL(writev))(fd, parts, count);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags) {
    leaving(fd, &(struct iovec){(void *)bytes, size}, 1);
    return (REAL(send))(fd, bytes, size, flags);
}

ssize_t read(int fd, void *bytes, size_t size) {
    return came(fd, (REAL(read))(fd, bytes, at_most(fd, size)));
}

ssize_t recv(int fd, void *bytes, size_t size, int flags) {
    return came(fd, (REAL(recv))(fd, bytes, at_most(fd, size), flags));
}

static void logged(int fd, const void *bytes, size_t size, off_t at) {
    /* The headers of the log and of its frames are shorter than any page. */
    if (size < 512 || !is_journal(fd) || !__atomic_exchange_n(&fresh, 0, __ATOMIC_SEQ_CST)) return;
    const char *where = dies_at(WRITE, size);
    if (!where) return;
    syscall(SYS_pwrite64, fd, bytes, !strcmp(where, "after") ? size : size / 2, at);
    die();
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    logged(fd, bytes, size, at);
    return (REAL(pwrite))(fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at) {
    logged(fd, bytes, size, at);
    return (REAL(pwrite64))(fd, bytes, size, at);
}

static int synced(int fd, int (*really)(int)) {
    const char *where = is_journal(fd) ? dies_at(SYNC, 0) : is_file_of_document(fd) ? dies_at(KEPT, 0) : NULL;
    int done = really(fd);
    if (is_journal(fd)) fresh = 1;
    if (where) die();
    return done;
}

int fdatasync(int fd) {
    return synced(fd, REAL(fdatasync));
}

int fsync(int fd) {
    return synced(fd, REAL(fsync));
}
