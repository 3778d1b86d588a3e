package private

import "syscall"

// attributes of a server's process: run as owner (nil: the current user), out of the terminal's process group, and ended
// by the kernel should this process be killed before it can stop the server.
func attributes(owner *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: owner, Setpgid: true, Pdeathsig: syscall.SIGINT}
}
