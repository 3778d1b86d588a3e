package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"holdfast/internal/folder"
)

// Restore brings the backup at target into the data folder dir, which must be empty or absent. known are the schema
// versions that this binary knows, by the names of the databases: what is newer or unknown is refused before anything is
// written. Every file is compared with its sum on the way. An interrupted or failed Restore takes back what it wrote; a
// killed one leaves a folder that servers refuse and that can be emptied without loss.
func Restore(ctx context.Context, target, dir string, known map[string]int64, progress Progress) (_ *Manifest, err error) {
	m, err := Read(target)
	if err != nil {
		return nil, err
	}
	if err := m.fits(known); err != nil {
		return nil, err
	}
	to, err := folder.OpenEmpty(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	partial := to.Path(folder.RestoreName)
	if err := os.Mkdir(partial, 0o700); err != nil {
		return nil, fmt.Errorf("begin to restore: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, takeBack(dir, m))
		}
	}()
	if err := syncDir(dir); err != nil { // the mark of an unfinished restore, before anything it is about
		return nil, err
	}
	meter := newMeter(progress)
	meter.total = m.Bytes()
	for _, f := range m.Files {
		if err := f.copyTo(ctx, target, partial, meter.part()); err != nil {
			return nil, err
		}
		meter.end(f.Size)
	}
	if err := syncDir(partial); err != nil {
		return nil, err
	}
	for _, f := range m.Files {
		if err := os.Rename(filepath.Join(partial, f.Name), filepath.Join(dir, f.Name)); err != nil {
			return nil, err
		}
	}
	if err := syncDir(dir); err != nil {
		return nil, err
	}
	if err := os.Remove(partial); err != nil {
		return nil, err
	}
	return m, syncDir(dir)
}

// takeBack leaves the folder as empty as it was found.
func takeBack(dir string, m *Manifest) error {
	var errs []error
	for _, f := range m.Files {
		if err := os.Remove(filepath.Join(dir, f.Name)); !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, os.RemoveAll(filepath.Join(dir, folder.RestoreName)))...)
}

// fits tells whether this binary knows everything in the backup.
func (m *Manifest) fits(known map[string]int64) error {
	for _, f := range m.Files {
		if f.Kind != Database {
			continue
		}
		version, ok := known[f.Name]
		if !ok {
			return fmt.Errorf("%w: it has a database %s, which this one does not know; use version %s or later", ErrNewer, f.Name, m.Version)
		}
		if f.Schema > version {
			return fmt.Errorf("%w: the schema of %s is at version %d, known is %d; use version %s or later", ErrNewer, f.Name, f.Schema, version, m.Version)
		}
	}
	return nil
}

// copyTo copies a file of the backup and compares it on the way.
func (f *File) copyTo(ctx context.Context, from, to string, progress func(int64)) error {
	file, err := os.OpenFile(filepath.Join(to, f.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = f.compare(ctx, filepath.Join(from, f.Name), file, progress)
	return errors.Join(err, file.Sync(), file.Close())
}
