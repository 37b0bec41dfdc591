/* A disk that takes nothing, or does not keep what it took, for as long as it is said: for bad_days.py.
 *
 *     cc -shared -fPIC -O1 -o bad_disk.so bad_disk.c -ldl
 *     DISK_IS=/tmp/disk LD_PRELOAD=./bad_disk.so chaski …
 *
 * The file DISK_IS says how the disk is now: `full` (ENOSPC for whatever is written to the database, its log and the
 * files of documents) or `lost` (EIO for every sync of them). Without it all is well.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(name) (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static int is(const char *wanted) {
    const char *by = getenv("DISK_IS");
    int fd = by ? (int)syscall(SYS_openat, AT_FDCWD, by, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return 0;
    char said[8] = "";
    syscall(SYS_read, fd, said, sizeof said - 1);
    syscall(SYS_close, fd);
    return !strncmp(said, wanted, strlen(wanted));
}

static int is_data(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    return strstr(path, "/chaski.db") || strstr(path, "/comprobantes/");
}

static int fails(int fd, const char *disk, int with) {
    if (!is(disk) || !is_data(fd)) return 0;
    errno = with;
    return 1;
}

ssize_t write(int fd, const void *bytes, size_t size) {
    return fails(fd, "full", ENOSPC) ? -1 : (REAL(write))(fd, bytes, size);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    return fails(fd, "full", ENOSPC) ? -1 : (REAL(pwrite))(fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at) {
    return fails(fd, "full", ENOSPC) ? -1 : (REAL(pwrite64))(fd, bytes, size, at);
}

int fdatasync(int fd) {
    return fails(fd, "lost", EIO) ? -1 : (REAL(fdatasync))(fd);
}

int fsync(int fd) {
    return fails(fd, "lost", EIO) ? -1 : (REAL(fsync))(fd);
}
