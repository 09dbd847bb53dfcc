/* A user-mode Linux of 6.1 keeps 2,696 bytes of a process's processor state and hands them back as
   they are. A processor with a larger state (AMX has some 11,000 bytes) takes back only all of it, so
   the kernel does not come up there. This goes before ptrace: what is handed back is laid over the
   whole state as it stands. What is left out is the state of the tiles of AMX, which no program has
   unless it asks for it.

   cc -shared -fPIC -O2 -o xstate.so xstate.c; LD_PRELOAD=./xstate.so linux.uml ...
   Called by uml.sh. */
#define _GNU_SOURCE
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static unsigned char whole[65536] __attribute__((aligned(64)));

long ptrace(enum __ptrace_request request, ...)
{
    va_list list;
    va_start(list, request);
    pid_t pid = va_arg(list, pid_t);
    void *address = va_arg(list, void *);
    void *data = va_arg(list, void *);
    va_end(list);
    long peeked, answer;

    if (request == PTRACE_SETREGSET && (long)address == NT_X86_XSTATE) {
        const struct iovec *given = data;
        struct iovec all = { whole, sizeof whole };
        if (syscall(SYS_ptrace, PTRACE_GETREGSET, pid, address, &all) == 0
            && given->iov_len < all.iov_len) {
            memcpy(whole, given->iov_base, given->iov_len);
            return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, address, &all);
        }
    }
    /* As in the C library: what is peeked is returned. */
    if (request >= PTRACE_PEEKTEXT && request <= PTRACE_PEEKUSER) {
        answer = syscall(SYS_ptrace, request, pid, address, &peeked);
        return answer < 0 ? answer : peeked;
    }
    return syscall(SYS_ptrace, request, pid, address, data);
}
