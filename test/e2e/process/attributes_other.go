//go:build unix && !linux

package process

import "syscall"

// attributes of a server's process: the terminal's signals do not reach it.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
