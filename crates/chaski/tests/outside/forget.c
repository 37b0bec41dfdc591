/* Keeps beside each file what was synced of it: for power_loss.py, which puts that back in its place.
 *
 *     cc -shared -fPIC -O1 -o forget.so forget.c -ldl
 *     FORGET_TO=/tmp/synced LD_PRELOAD=./forget.so chaski …
 *
 * Of `chaski.db`, `chaski.db-wal` and what is under `comprobantes/`. A copy is made before the sync itself, of what
 * was written until then, and takes its place at once; of a folder its names are kept, for without a sync of it
 * a new name is forgotten too. With FORGET_SYNCS no sync of the log is done or noted, which
 * is what `PRAGMA synchronous=NORMAL` does at a commit: the proof must see the loss. With FORGET_DIES=log:12 or file:3
 * the process dies when that sync is asked for and not done: then there always is something to forget.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = 0;
    return length > 0;
}

static int ends_with(const char *path, const char *end) {
    size_t length = strlen(path), size = strlen(end);
    return length >= size && !strcmp(path + length - size, end);
}

static void note_names(const char *path, const char *copy, const char *place) {
    DIR *folder = opendir(path);
    FILE *into = fopen(copy, "w");
    for (struct dirent *entry; folder && into && (entry = readdir(folder));) fprintf(into, "%s\n", entry->d_name);
    if (folder) closedir(folder);
    if (into) fclose(into);
    rename(copy, place);
}

/* Whether the sync is to be done. */
static int noted(int fd) {
    char path[PATH_MAX], copy[2 * PATH_MAX], place[2 * PATH_MAX];
    const char *to = getenv("FORGET_TO");
    if (!to || !path_of(fd, path)) return 1;
    int is_log = ends_with(path, "/chaski.db-wal");
    struct stat stat;
    if (fstat(fd, &stat)) return 1;
    if (!is_log && !S_ISDIR(stat.st_mode) && !ends_with(path, "/chaski.db") && !strstr(path, "/comprobantes/")) return 1;
    if (is_log && getenv("FORGET_SYNCS")) return 0;
    static int syncs[2];
    const char *dies = getenv("FORGET_DIES"), *what = is_log ? "log:" : "file:";
    int is_file = strstr(path, "/comprobantes/") && !S_ISDIR(stat.st_mode);
    if (dies && (is_log || is_file) && !strncmp(dies, what, strlen(what)) &&
        __atomic_add_fetch(&syncs[is_file], 1, __ATOMIC_SEQ_CST) == atoi(dies + strlen(what)))
        kill(getpid(), SIGKILL);
    /* A file is known by its inode: it may be renamed after its sync. */
    snprintf(copy, sizeof copy, "%s/%lu.%d.new", to, (unsigned long)stat.st_ino, fd);
    snprintf(place, sizeof place, "%s/%lu", to, (unsigned long)stat.st_ino);
    if (S_ISDIR(stat.st_mode)) {
        note_names(path, copy, place);
        return 1;
    }
    int from = open(path, O_RDONLY | O_CLOEXEC), into = open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    char bytes[65536];
    ssize_t size;
    while ((size = read(from, bytes, sizeof bytes)) > 0 && write(into, bytes, (size_t)size) == size) {}
    /* Closing another descriptor of the database would drop the locks of this process on it: it is left open, and
       the few that there are end with the process. */
    if (!ends_with(path, "/chaski.db")) close(from);
    close(into);
    rename(copy, place);
    return 1;
}

int fdatasync(int fd) {
    return noted(fd) ? (REAL(fdatasync))(fd) : 0;
}

int fsync(int fd) {
    return noted(fd) ? (REAL(fsync))(fd) : 0;
}
