// Package backup is the format of a backup of a data folder: a folder of its own with a whole copy of each file, a
// manifest that says what they are, and SHA256SUMS, which `sha256sum -c` reads too. What the files mean, and how they are
// copied while a server writes to them, is for the caller (internal/app).
//
// Nothing half done bears a good name: a backup is written beside its target and renamed when everything is on the
// disk, and a restore is written into a subfolder that keeps servers out (folder.RestoreName) until all sums agree.
package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// Format is the version of the format that this binary writes and the newest one it reads.
	Format = 1
	// ManifestName and SumsName are the files of a backup beside the copies.
	ManifestName = "manifest.json"
	SumsName     = "SHA256SUMS"

	// manifestBytes bounds what is read of a manifest, which may be anything.
	manifestBytes = 1 << 20
	chunk         = 1 << 20
)

// What kinds of files there are.
const (
	Database = "sqlite" // a SQLite file, with a schema version
	Plain    = "file"
)

var (
	// ErrExists: there is something at the target already.
	ErrExists = errors.New("the target exists already")
	// ErrDamaged: what is there is not what was written.
	ErrDamaged = errors.New("the backup is damaged")
	// ErrNotOurs: there is no backup at that place, or one that is not finished.
	ErrNotOurs = errors.New("not a backup")
	// ErrNewer: made by a newer binary, with a format or a schema that this one does not know.
	ErrNewer = errors.New("the backup was made by a newer binary")
)

// File is one copy.
type File struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Schema int64  `json:"schema_version,omitempty"` // of a Database
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Manifest says what a backup is.
type Manifest struct {
	Format  int    `json:"format"`
	Version string `json:"version"` // of the binary that made it
	Commit  string `json:"commit"`
	Mode    string `json:"mode"` // what the data is for: live or test
	// Started and Ended are when it was made. Instant is whose state the databases hold, and Held how long nobody could
	// write to fix that state.
	Started time.Time     `json:"started"`
	Instant time.Time     `json:"instant"`
	Ended   time.Time     `json:"ended"`
	Held    time.Duration `json:"held_ns"`
	Files   []File        `json:"files"`
	// LeftOut are files of the data folder that were not copied: they are made anew, or are not ours.
	LeftOut []string `json:"left_out,omitempty"`
}

// Bytes is the size of all copies.
func (m *Manifest) Bytes() (n int64) {
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// Progress hears how many bytes of how many are done.
type Progress func(done, total int64)

// Source is one file to be copied.
type Source struct {
	File        // without size and sum
	Bytes int64 // how much it will be, for progress
	Copy  func(ctx context.Context, path string, progress func(done int64)) error
}

// Write copies the sources into a new folder at target, which must not exist, and returns the manifest, which is m with
// the files and the end filled in. An interrupted or failed Write leaves nothing at target.
func Write(ctx context.Context, target string, m Manifest, sources []Source, progress Progress) (_ *Manifest, err error) {
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(fmt.Errorf("%w: %s; name a new folder for each backup", ErrExists, target), err)
	}
	partial, err := os.MkdirTemp(filepath.Dir(target), filepath.Base(target)+".partial-")
	if err != nil {
		return nil, fmt.Errorf("make the backup's folder: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(partial)) // made above, with a name of its own
		}
	}()
	meter := newMeter(progress)
	for _, s := range sources {
		meter.total += 2 * s.Bytes // copied, then read again for its sum
	}
	m.Format = Format
	for _, s := range sources {
		path := filepath.Join(partial, s.Name)
		if err := s.Copy(ctx, path, meter.part()); err != nil {
			return nil, err
		}
		meter.end(s.Bytes)
		// The sum is of what can be read back, not of what was meant to be written.
		f := s.File
		if f.Size, f.SHA256, err = sum(ctx, path, nil, meter.part()); err != nil {
			return nil, err
		}
		meter.end(s.Bytes)
		m.Files = append(m.Files, f)
	}
	m.Ended = time.Now().UTC()
	if err := writeManifest(partial, &m); err != nil {
		return nil, err
	}
	if err := syncDir(partial); err != nil {
		return nil, err
	}
	if err := os.Rename(partial, target); err != nil {
		return nil, fmt.Errorf("give the backup its name: %w", err)
	}
	return &m, syncDir(filepath.Dir(target))
}

func writeManifest(dir string, m *Manifest) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	hash := sha256.Sum256(text)
	var sums strings.Builder
	_, _ = fmt.Fprintf(&sums, "%x  %s\n", hash, ManifestName)
	for _, f := range m.Files {
		_, _ = fmt.Fprintf(&sums, "%s  %s\n", f.SHA256, f.Name)
	}
	return errors.Join(WriteFile(filepath.Join(dir, ManifestName), text), WriteFile(filepath.Join(dir, SumsName), []byte(sums.String())))
}

// Read returns the manifest of the backup at target, without looking at the files it names.
func Read(target string) (*Manifest, error) {
	text, err := readSome(filepath.Join(target, ManifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s has no %s; a backup that was cut off has none", ErrNotOurs, target, ManifestName)
	}
	if err != nil {
		return nil, fmt.Errorf("read the manifest: %w", err)
	}
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(text, &head); err == nil && head.Format > Format {
		return nil, fmt.Errorf("%w: its format is %d, known is %d; use the binary that made it, or a later one", ErrNewer, head.Format, Format)
	}
	sums, err := readSome(filepath.Join(target, SumsName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read %s: %w", SumsName, err)
	}
	if line := fmt.Sprintf("%x  %s\n", sha256.Sum256(text), ManifestName); !strings.HasPrefix(string(sums), line) {
		return nil, fmt.Errorf("%w: %s is not what %s says", ErrDamaged, ManifestName, SumsName)
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, ManifestName, err)
	}
	if m.Format < 1 || len(m.Files) == 0 {
		return nil, fmt.Errorf("%w: %s names no files", ErrDamaged, ManifestName)
	}
	for i, f := range m.Files {
		if !filepath.IsLocal(f.Name) || f.Name != filepath.Base(f.Name) || slices.ContainsFunc(m.Files[:i], func(o File) bool { return o.Name == f.Name }) {
			return nil, fmt.Errorf("%w: %s names a file %q", ErrDamaged, ManifestName, f.Name)
		}
	}
	return &m, nil
}

// Verify reads the whole backup at target and compares it with its manifest.
func Verify(ctx context.Context, target string, progress Progress) (*Manifest, error) {
	m, err := Read(target)
	if err != nil {
		return nil, err
	}
	meter := newMeter(progress)
	meter.total = m.Bytes()
	for _, f := range m.Files {
		if err := f.compare(ctx, filepath.Join(target, f.Name), nil, meter.part()); err != nil {
			return nil, err
		}
		meter.end(f.Size)
	}
	return m, nil
}

// compare reads the file at path, into copied too if that is not nil, and wants it to be f.
func (f *File) compare(ctx context.Context, path string, copied io.Writer, progress func(int64)) error {
	size, hash, err := sum(ctx, path, copied, progress)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s is missing", ErrDamaged, f.Name)
	case err != nil:
		return err
	case size != f.Size:
		return fmt.Errorf("%w: %s has %d bytes, the manifest says %d", ErrDamaged, f.Name, size, f.Size)
	case hash != f.SHA256:
		return fmt.Errorf("%w: %s has the right size and other contents than when it was made", ErrDamaged, f.Name)
	}
	return nil
}

// sum reads a file, into copied too if that is not nil.
func sum(ctx context.Context, path string, copied io.Writer, progress func(int64)) (size int64, hash string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = file.Close() }() // only read
	h := sha256.New()
	var to io.Writer = h
	if copied != nil {
		to = io.MultiWriter(h, copied)
	}
	for {
		if err := ctx.Err(); err != nil {
			return 0, "", err
		}
		n, err := io.CopyN(to, file, chunk)
		size += n
		progress(size)
		if errors.Is(err, io.EOF) {
			return size, hex.EncodeToString(h.Sum(nil)), nil
		}
		if err != nil {
			return 0, "", fmt.Errorf("%s: %w", path, err)
		}
	}
}

func readSome(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	text, err := io.ReadAll(io.LimitReader(file, manifestBytes+1))
	if err == nil && len(text) > manifestBytes {
		err = fmt.Errorf("%w: %s has more than %d bytes", ErrDamaged, path, manifestBytes)
	}
	return text, err
}

// WriteFile writes a new file of ours (0600), flushed to the disk.
func WriteFile(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Sync(), file.Close())
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// meter adds the progress of parts up.
type meter struct {
	tell        Progress
	done, total int64
}

func newMeter(p Progress) *meter {
	if p == nil {
		p = func(int64, int64) {}
	}
	return &meter{tell: p}
}

// part hears the progress of the part that runs.
func (m *meter) part() func(int64) {
	return func(done int64) { m.tell(min(m.done+done, m.total), m.total) }
}

// end ends a part of so many bytes.
func (m *meter) end(bytes int64) {
	m.done += bytes
	m.tell(m.done, m.total)
}
