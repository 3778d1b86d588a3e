package app

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/feed"
	"holdfast/internal/admin"
	"holdfast/internal/config"
	"holdfast/uid"
)

// maxDelivery bounds a file that is imported.
const maxDelivery = 2 << 30

// FeedWish is an import of a partner's files as the command line names it.
type FeedWish struct {
	Format                   string
	Supplier, CreateSupplier string // one of the two: an id or a name
	Feed, Template, Date     string
	DryRun, Force            bool
	SkipRefused, Partial     bool
	MaxRemoved               float64 // percent
	ShiftWeeks               int
}

// FeedFormats are the formats that can be imported, by name, with what each is.
func FeedFormats() [][2]string {
	var all [][2]string
	for _, name := range slices.Sorted(maps.Keys(formats)) {
		all = append(all, [2]string{name, formats[name].what})
	}
	return all
}

// delivery checks the wish. Errors name the flag that is wrong.
func (w FeedWish) delivery() (delivery, error) {
	d := delivery{
		Format: w.Format, CreateSupplier: w.CreateSupplier, Feed: w.Feed, DryRun: w.DryRun, Force: w.Force, SkipRefused: w.SkipRefused, Partial: w.Partial,
		MaxRemovedBP: int32(w.MaxRemoved * 100), ShiftWeeks: w.ShiftWeeks,
	}
	f, known := formats[w.Format]
	if !known {
		return d, fmt.Errorf("there is no format %q; there are: %s", w.Format, strings.Join(slices.Sorted(maps.Keys(formats)), ", "))
	}
	named := w.Supplier != "" || w.CreateSupplier != ""
	switch {
	case f.kind != 0 && !named:
		return d, fmt.Errorf("--supplier or --create-supplier: a file in the format %s belongs to a supplier", w.Format)
	case f.kind == 0 && named:
		return d, fmt.Errorf("--supplier: %s belong to no supplier", w.Format)
	case w.MaxRemoved < 0 || w.MaxRemoved > 100:
		return d, fmt.Errorf("--max-removed: %v is no share in percent", w.MaxRemoved)
	}
	var err error
	if w.Supplier != "" {
		if d.Supplier, err = uid.Parse("sup", w.Supplier); err != nil {
			return d, fmt.Errorf("--supplier: %w", err)
		}
	}
	if w.Date != "" {
		if d.Date, err = civil.Parse(w.Date); err != nil {
			return d, fmt.Errorf("--date: %w", err)
		}
	}
	if w.Template != "" {
		text, err := os.ReadFile(w.Template)
		if err != nil {
			return d, fmt.Errorf("--template: %w", err)
		}
		d.Template = string(text)
	}
	return d, nil
}

// ImportFeed brings files of a partner in: one as it is, a folder or several packed into an archive.
func ImportFeed(ctx context.Context, c *config.Config, log *slog.Logger, w FeedWish, files []string, progress admin.Progress) (*DeliveryReport, error) {
	d, err := w.delivery()
	if err != nil {
		return nil, err
	}
	file, done, err := packed(files)
	if err != nil {
		return nil, err
	}
	defer done()
	return imported(ctx, c, log, feedJob, d, d.DryRun, file, progress, func(ctx context.Context, s *system) (*DeliveryReport, error) {
		return s.importFeed(ctx, d, file, progress)
	})
}

// importFeed keeps what arrives in a temporary file, for formats are read more than once and from the end, and brings
// it.
func (s *system) importFeed(ctx context.Context, d delivery, in io.Reader, progress admin.Progress) (*DeliveryReport, error) {
	spool, err := os.CreateTemp("", "holdfast-delivery-")
	if err != nil {
		return nil, err
	}
	defer func() {
		_ = spool.Close()
		_ = os.Remove(spool.Name()) // of the system's temporary folder
	}()
	size, err := io.Copy(spool, io.LimitReader(in, maxDelivery+1))
	if err != nil {
		return nil, err
	}
	if size > maxDelivery {
		return nil, fault.New(fault.Invalid, "file_invalid", "The file has more than %d bytes.", int64(maxDelivery))
	}
	return s.bring(ctx, d, body{spool, size}, progress)
}

// packed opens what is to be delivered: the file itself, or an archive of several, of a folder. done lets go of it.
func packed(files []string) (in io.Reader, done func(), err error) {
	if len(files) == 1 {
		info, err := os.Stat(files[0])
		if err != nil {
			return nil, nil, err
		}
		if !info.IsDir() {
			f, err := os.Open(files[0])
			return f, func() { _ = f.Close() }, err // only read
		}
		return archived(func(w *zip.Writer) error { return w.AddFS(os.DirFS(files[0])) })
	}
	return archived(func(w *zip.Writer) error {
		for _, name := range files {
			if err := pack(w, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// pack adds a file to an archive; of one that is an archive itself, what is in it.
func pack(w *zip.Writer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if b := (body{f, info.Size()}); b.zipped() {
		files, err := feed.OpenZip(b, b.size, feed.ZipLimits{})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return fs.WalkDir(files, ".", func(inner string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			part, err := files.Open(inner)
			if err != nil {
				return err
			}
			defer func() { _ = part.Close() }() // only read
			return add(w, filepath.Base(inner), part)
		})
	}
	return add(w, filepath.Base(name), f)
}

func add(w *zip.Writer, name string, from io.Reader) error {
	to, err := w.Create(name)
	if err == nil {
		_, err = io.Copy(to, from)
	}
	return err
}

// archived fills a temporary archive and opens it.
func archived(fill func(*zip.Writer) error) (in io.Reader, done func(), err error) {
	f, err := os.CreateTemp("", "holdfast-import-*.zip")
	if err != nil {
		return nil, nil, err
	}
	done = func() {
		_ = f.Close()
		_ = os.Remove(f.Name()) // of the system's temporary folder
	}
	w := zip.NewWriter(f)
	if err = fill(w); err == nil {
		err = w.Close()
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	return f, done, nil
}
