// Package folder guards the data folder of the embedded engines: one process at a time, and live data never mixed with
// the data of a test clock.
//
// The folder holds two files of its own. `lock` is locked (flock) for as long as a process uses the folder and says which
// process that is; the kernel frees it with the process, however that ends, so a file left behind locks nothing.
// `mode` says since the first use whether the data is live or for tests.
package folder

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Mode is what the data of a folder is for.
type Mode int

// The modes of a folder.
const (
	Live Mode = iota + 1 // real reservations
	Test                 // data made under a clock that can be set
)

func (m Mode) String() string {
	switch m {
	case Live:
		return "live"
	case Test:
		return "test"
	default:
		return "mode " + strconv.Itoa(int(m))
	}
}

var (
	// ErrHeld: another process uses the folder; the error is a *HeldError.
	ErrHeld = errors.New("data folder is in use")
	// ErrMode: the folder holds data of the other mode.
	ErrMode = errors.New("data folder is of another mode")
	// ErrAbsent: there is no data folder at that place.
	ErrAbsent = errors.New("no data folder")
	// ErrUsed: the folder is not empty.
	ErrUsed = errors.New("data folder is not empty")
	// ErrUnfinished: a restore into the folder was cut off.
	ErrUnfinished = errors.New("data folder holds an unfinished restore")
	// ErrReadOnly: this process may not write to the folder.
	ErrReadOnly = errors.New("data folder cannot be written to")
)

// ModeName is the file that says what the data is for.
const ModeName = "mode"

// RestoreName is the subfolder that a restore works in. As long as it is there, the folder is not opened: some of its
// files may be missing.
const RestoreName = "restore.partial"

// HeldError says who uses a folder.
type HeldError struct {
	Dir     string
	PID     int    // 0 when the holder has not written it yet
	Address string // where the holder listens; empty when it does not, or not yet
}

func (e *HeldError) Error() string {
	text := fmt.Sprintf("data folder %s is in use", e.Dir)
	if e.PID != 0 {
		text += fmt.Sprintf(" by process %d", e.PID)
	}
	if e.Address != "" {
		text += ", which listens on " + e.Address
	}
	return text + "; stop it, or name another folder"
}

// Is makes errors.Is(err, ErrHeld) work.
func (e *HeldError) Is(target error) bool { return target == ErrHeld }

const (
	lockName = "lock"
	// probeName is made and removed to see whether files can be made.
	probeName = "probe.new"
	// lockBytes bounds what is read of a lock file, which anybody could have written.
	lockBytes = 1 << 10
)

// Folder is a data folder in use by this process.
type Folder struct {
	dir  string
	mode Mode
	lock *os.File
}

// Open takes the folder dir for this process, creating it (0700) where there is none, and marks it with mode at its
// first use. It fails with ErrHeld while another process has it, with ErrMode where mode is not the folder's, and with
// ErrReadOnly where this process may not write; a folder with files and no mark is taken for live.
func Open(dir string, mode Mode) (*Folder, error) {
	if mode != Live && mode != Test {
		return nil, fmt.Errorf("open data folder %s: %v does not exist", dir, mode)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, denied(filepath.Dir(dir), fmt.Errorf("create data folder: %w", err))
	}
	f, err := open(dir, mode)
	if err != nil {
		return nil, err
	}
	if err := f.checkWritable(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// OpenExisting takes the folder dir whatever its mode is, for a tool that reads or mends what is there. It fails with
// ErrAbsent where nothing is, and with ErrHeld while another process has it.
func OpenExisting(dir string) (*Folder, error) {
	if _, err := os.Stat(filepath.Join(dir, ModeName)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w at %s", ErrAbsent, dir)
		}
		return nil, fmt.Errorf("open data folder: %w", err)
	}
	return open(dir, 0)
}

// OpenEmpty takes the folder dir, which must be empty or absent, and leaves it to the caller to fill it and to mark it
// with a mode. It fails with ErrHeld while another process has the folder and with ErrUsed where anything is in it.
func OpenEmpty(dir string) (_ *Folder, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create data folder: %w", err)
	}
	f, err := lock(dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.lock.Close())
		}
	}()
	if err := unfinished(dir); err != nil {
		return nil, err
	}
	used, err := hasFiles(dir)
	if err != nil {
		return nil, fmt.Errorf("look into data folder: %w", err)
	}
	if _, err := os.Lstat(filepath.Join(dir, ModeName)); used || err == nil {
		return nil, fmt.Errorf("%w: %s; name a new folder, so that nothing is written over", ErrUsed, dir)
	}
	return f, f.sign("")
}

func open(dir string, want Mode) (_ *Folder, err error) {
	f, err := lock(dir)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.lock.Close())
		}
	}()
	if err := unfinished(dir); err != nil {
		return nil, err
	}
	if f.mode, err = settleMode(dir, want); err != nil {
		return nil, denied(dir, err)
	}
	return f, f.sign("")
}

// lock locks the folder for this process.
func lock(dir string) (_ *Folder, err error) {
	file, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, denied(dir, fmt.Errorf("open data folder: %w", err))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, holder(dir, file)
	}
	if err != nil {
		return nil, fmt.Errorf("lock data folder %s: %w", dir, err)
	}
	return &Folder{dir: dir, lock: file}, nil
}

// denied says what to do where the system does not let this process write. Other errors are returned as they are.
func denied(dir string, err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %s: %w; run as the user who owns it, or give that user the folder and its files (chown -R, chmod -R u+rwX)", ErrReadOnly, dir, err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: %s is on a file system that is mounted read-only: %w; mount it for writing, or name another folder", ErrReadOnly, dir, err)
	}
	return err
}

// checkWritable opens every file of the folder that the engines write to, so that one that does not let us is told at the
// start and by its name.
func (f *Folder) checkWritable() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return fmt.Errorf("look into data folder: %w", err)
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !strings.Contains(entry.Name(), ".db") { // NAME.db, NAME.db-wal, NAME.db-shm
			continue
		}
		file, err := os.OpenFile(f.Path(entry.Name()), os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return denied(f.dir, err)
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	probe := f.Path(probeName)
	file, err := os.OpenFile(probe, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return denied(f.dir, err)
	}
	return errors.Join(file.Close(), os.Remove(probe))
}

// unfinished refuses a folder that a restore did not finish.
func unfinished(dir string) error {
	if _, err := os.Lstat(filepath.Join(dir, RestoreName)); err == nil {
		return fmt.Errorf("%w: %s; everything in it came from that restore, so empty it and restore again", ErrUnfinished, dir)
	}
	return nil
}

// holder reads who has the lock. What is not there yet, or makes no sense, is left out.
func holder(dir string, lock io.Reader) error {
	held := &HeldError{Dir: dir}
	text, _ := io.ReadAll(io.LimitReader(lock, lockBytes))
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "pid":
			held.PID, _ = strconv.Atoi(value)
		case "address":
			held.Address = value
		}
	}
	return held
}

// sign writes into the lock file who has it.
func (f *Folder) sign(address string) error {
	text := fmt.Sprintf("pid %d\n", os.Getpid())
	if address != "" {
		text += "address " + address + "\n"
	}
	// Written before it is cut, so that a reader never finds an empty file.
	if _, err := f.lock.WriteAt([]byte(text), 0); err != nil {
		return fmt.Errorf("sign data folder: %w", err)
	}
	if err := f.lock.Truncate(int64(len(text))); err != nil {
		return fmt.Errorf("sign data folder: %w", err)
	}
	return nil
}

// settleMode returns the mode of a folder this process has locked, marking it at its first use. A want of 0 takes what is
// there.
func settleMode(dir string, want Mode) (Mode, error) {
	mark := filepath.Join(dir, ModeName)
	text, err := os.ReadFile(mark)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("mode of data folder: %w", err)
	}
	var is Mode
	if err == nil {
		switch strings.TrimSpace(string(text)) {
		case Live.String():
			is = Live
		case Test.String():
			is = Test
		default:
			return 0, fmt.Errorf("%s says %q; want live or test", mark, text)
		}
	} else {
		used, err := hasFiles(dir)
		if err != nil {
			return 0, fmt.Errorf("mode of data folder: %w", err)
		}
		if used && want == Test {
			return 0, fmt.Errorf("%w: %s is not empty and bears no mark of ours; test data goes into a folder of its own", ErrMode, dir)
		}
		if is = want; used {
			is = Live
		}
	}
	if want != 0 && want != is {
		return 0, fmt.Errorf("%w: %s holds %v data and cannot be opened for %v; name another folder", ErrMode, dir, is, want)
	}
	if text == nil {
		if err := writeDurably(mark, is.String()+"\n"); err != nil {
			return 0, fmt.Errorf("mark data folder: %w", err)
		}
	}
	return is, nil
}

// hasFiles tells whether somebody has used the folder before. What a file system puts there itself does not count.
func hasFiles(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	for _, entry := range entries {
		if name := entry.Name(); name != lockName && name != "lost+found" && name != ModeName+".new" && name != probeName {
			return true, nil
		}
	}
	return false, nil
}

// writeDurably writes a file that is there whole or not at all, after a power cut too.
func writeDurably(name, text string) (err error) {
	file, err := os.OpenFile(name+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(name+".new", name); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Dir is the path of the folder as it was given to Open.
func (f *Folder) Dir() string { return f.dir }

// Mode is what the data of the folder is for.
func (f *Folder) Mode() Mode { return f.mode }

// Path is the path of the file name inside the folder.
func (f *Folder) Path(name string) string { return filepath.Join(f.dir, name) }

// SetAddress notes where this process listens, for the message to whoever wants the folder next.
func (f *Folder) SetAddress(address string) error { return f.sign(address) }

// Close gives the folder back. The lock file stays: removing it would let two processes lock two files of one name.
func (f *Folder) Close() error {
	return errors.Join(f.lock.Truncate(0), f.lock.Close()) // closing unlocks
}
