// Package meter reads what processes of this machine have used: CPU from getrusage and /proc, memory from /proc. On a
// system without /proc there is nothing to read, and the figures are zero.
package meter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// tick is the unit of the CPU times in /proc: USER_HZ, 100 a second wherever Linux runs Go.
const tick = time.Second / 100

// Self is the CPU time that this process has used, user and system.
func Self() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // the arguments are right
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// stat is what /proc/PID/stat says.
type stat struct {
	parent         int
	own, collected time.Duration // collected: of children that have ended
}

const (
	fieldParent = 1 // counted from 0 behind the command
	fieldUser   = 11
	fieldsUsed  = 15
)

func readStat(pid int) (s stat, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return s, err
	}
	// The command stands in parentheses and may hold anything.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < fieldsUsed {
		return s, fmt.Errorf("/proc/%d/stat: %d fields", pid, len(fields))
	}
	if s.parent, err = strconv.Atoi(string(fields[fieldParent])); err != nil {
		return s, err
	}
	var ticks [4]int64 // user, system, children's user and system
	for i := range ticks {
		if ticks[i], err = strconv.ParseInt(string(fields[fieldUser+i]), 10, 64); err != nil {
			return s, err
		}
	}
	s.own, s.collected = time.Duration(ticks[0]+ticks[1])*tick, time.Duration(ticks[2]+ticks[3])*tick
	return s, nil
}

// Process is the CPU time of a process with all its threads; 0 when there is none to be seen.
func Process(pid int) time.Duration {
	s, err := readStat(pid)
	if err != nil {
		return 0
	}
	return s.own
}

// PeakRSS is the most memory that a process has had in RAM, in bytes; 0 when it cannot be seen.
func PeakRSS(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmHWM:")); ok {
			if fields := bytes.Fields(rest); len(fields) > 0 {
				kib, _ := strconv.ParseInt(string(fields[0]), 10, 64)
				return kib << 10
			}
		}
	}
	return 0
}

// Postgres is a server on this machine.
type Postgres struct{ postmaster int }

// FindPostgres finds the processes of a server by asking it for one. A server on another machine cannot be measured:
// then the result is nil.
func FindPostgres(ctx context.Context, dsn string) (*Postgres, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	var backend int
	if err := conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return nil, err
	}
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", backend))
	if errors.Is(err, fs.ErrNotExist) || err == nil && !bytes.HasPrefix(name, []byte("postgres")) {
		return nil, nil
	}
	s, err := readStat(backend)
	if err != nil {
		return nil, err
	}
	return &Postgres{postmaster: s.parent}, nil
}

// CPU is the time that all processes of the server have used, those that have ended too.
func (p *Postgres) CPU() time.Duration {
	if p == nil {
		return 0
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	var sum time.Duration
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		s, err := readStat(pid)
		switch {
		case err != nil: // it has just ended; the postmaster has collected it
		case pid == p.postmaster:
			sum += s.own + s.collected
		case s.parent == p.postmaster:
			sum += s.own
		}
	}
	return sum
}

// Usage is CPU time by who used it: this process (load, and whatever runs inside it), the server of the contestant,
// PostgreSQL.
type Usage struct{ Self, Server, Postgres time.Duration }

// Read is what has been used so far; pid 0 is no server, p may be nil.
func Read(pid int, p *Postgres) Usage {
	u := Usage{Self: Self(), Postgres: p.CPU()}
	if pid != 0 {
		u.Server = Process(pid)
	}
	return u
}

// Since is what was used after an earlier reading.
func (u Usage) Since(before Usage) Usage {
	return Usage{u.Self - before.Self, u.Server - before.Server, u.Postgres - before.Postgres}
}

// Plus adds.
func (u Usage) Plus(v Usage) Usage {
	return Usage{u.Self + v.Self, u.Server + v.Server, u.Postgres + v.Postgres}
}

// Cost is a Usage for each of so many operations, in microseconds.
type Cost struct {
	Self     float64 `json:"self_us"`
	Server   float64 `json:"server_us,omitempty"`
	Postgres float64 `json:"postgres_us,omitempty"`
}

// Per is the cost of one of n operations.
func (u Usage) Per(n int64) Cost {
	if n <= 0 {
		return Cost{}
	}
	each := func(d time.Duration) float64 { return float64(d) / float64(n) / float64(time.Microsecond) }
	return Cost{each(u.Self), each(u.Server), each(u.Postgres)}
}

// String names the parts that there are.
func (c Cost) String() string {
	text := fmt.Sprintf("self:%.0fus", c.Self)
	if c.Server > 0 {
		text += fmt.Sprintf(",server:%.0fus", c.Server)
	}
	if c.Postgres > 0 {
		text += fmt.Sprintf(",postgres:%.0fus", c.Postgres)
	}
	return text
}
