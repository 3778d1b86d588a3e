package private

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const installTimeout = 15 * time.Minute

// install puts a Debian package onto this machine, without a server of the system's own running or set up by it. Only
// root on a machine with apt can; everybody else is told what to do.
func install(ctx context.Context, out io.Writer, name string) (err error) {
	apt, lookErr := exec.LookPath("apt-get")
	if os.Geteuid() != 0 || lookErr != nil {
		return fmt.Errorf("%w; install it, or name a running server in the environment", errNotInstalled)
	}
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()

	// Debian's package would create a cluster and start it.
	const noCluster = "/etc/postgresql-common/createcluster.conf"
	if _, err := placeIfAbsent(noCluster, "create_main_cluster = false\n", 0o644); err != nil {
		return err
	}
	const policy = "/usr/sbin/policy-rc.d"
	placed, err := placeIfAbsent(policy, "#!/bin/sh\nexit 101\n", 0o755) // 101: no service may be started
	if err != nil {
		return err
	}
	if placed {
		defer func() { err = errors.Join(err, os.Remove(policy)) }()
	}
	_, _ = fmt.Fprintf(out, "engines: installing the package %s\n", name)
	for _, args := range [][]string{
		{"update", "-q"},
		{"install", "-q", "-y", "--no-install-recommends", "-o", "Dpkg::Options::=--force-confold", name},
	} {
		cmd := exec.CommandContext(ctx, apt, append([]string{"-o", "DPkg::Lock::Timeout=300"}, args...)...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if output, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, output)
		}
	}
	return nil
}

// placeIfAbsent writes a file where there is none yet and tells whether it did.
func placeIfAbsent(name, text string, mode os.FileMode) (bool, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return false, err
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, os.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = file.WriteString(text)
	return true, errors.Join(err, file.Close())
}
