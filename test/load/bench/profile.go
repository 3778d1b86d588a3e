package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/test/load/house"
)

// profile writes the CPU and allocation profiles of one of our turns: of this process at L1, of the server at L2.
func (c *cell) profile(ctx context.Context, e *entry, round int) (stop func() error, err error) {
	if c.Profile == "" || !e.ours {
		return func() error { return nil }, nil
	}
	name := filepath.Join(c.Profile, fmt.Sprintf("%s.%s.%d", c.name, e.name, round+1))
	cpu, err := os.Create(name + ".cpu.pprof")
	if err != nil {
		return nil, err
	}
	allocs, err := os.Create(name + ".allocs.pprof")
	if err != nil {
		return nil, errors.Join(err, cpu.Close())
	}
	if h, ok := e.contestant.(overHTTP); ok {
		if server, ok := h.verifier.(*house.Server); ok {
			var running errgroup.Group
			seconds := int((c.length + time.Second - 1) / time.Second)
			running.Go(func() error { return server.Profile(ctx, fmt.Sprintf("profile?seconds=%d", seconds), cpu) })
			return func() error {
				return errors.Join(running.Wait(), server.Profile(ctx, "allocs", allocs), cpu.Close(), allocs.Close())
			}, nil
		}
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, errors.Join(err, cpu.Close(), allocs.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return errors.Join(pprof.Lookup("allocs").WriteTo(allocs, 0), cpu.Close(), allocs.Close())
	}, nil
}
