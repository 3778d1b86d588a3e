//go:build unix && !linux

package private

import "syscall"

// attributes of a server's process: run as owner (nil: the current user), out of the terminal's process group.
func attributes(owner *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: owner, Setpgid: true}
}
