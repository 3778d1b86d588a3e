package process

import "syscall"

// attributes of a server's process: the terminal's signals do not reach it, and the kernel ends it when the thread that
// started it is gone, which lives as long as this process.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
