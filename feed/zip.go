package feed

import (
	"archive/zip"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"
)

// ZipLimits bounds what a zip may hold. A field that is zero has the bound named beside it.
type ZipLimits struct {
	MaxFiles int   // entries, folders too: 1,000
	MaxFile  int64 // bytes of one file, unpacked: 1 GiB
	MaxTotal int64 // bytes of all files, unpacked: 2 GiB; in what is read, a file counts as often as it is read
	MaxRatio int64 // bytes of a file for one that is packed, where it has more than a MiB: 200
}

func (l ZipLimits) withDefaults() ZipLimits {
	if l.MaxFiles == 0 {
		l.MaxFiles = 1_000
	}
	if l.MaxFile == 0 {
		l.MaxFile = 1 << 30
	}
	if l.MaxTotal == 0 {
		l.MaxTotal = 2 << 30
	}
	if l.MaxRatio == 0 {
		l.MaxRatio = 200
	}
	return l
}

// OpenZip gives the files of a zip of size bytes. It refuses one that says it unpacks to more than the limits, and reading
// fails for one that does so without saying; refusals are fatal *Error. Nothing is unpacked but what is read.
func OpenZip(r io.ReaderAt, size int64, limits ZipLimits) (fs.FS, error) {
	limits = limits.withDefaults()
	directory := &directoryReader{r: r, left: maxZipDirectory}
	archive, err := zip.NewReader(directory, size)
	if err != nil {
		return nil, brokenZip(err)
	}
	directory.open = true
	if len(archive.File) > limits.MaxFiles {
		return nil, fatal(0, "too_many_files", "The zip has %d files; at most %d are possible.", len(archive.File), limits.MaxFiles)
	}
	left := uint64(limits.MaxTotal)
	names := map[string]bool{}
	for _, f := range archive.File {
		switch n := f.UncompressedSize64; {
		case n > uint64(limits.MaxFile) || n > left:
			return nil, fatal(0, "too_large", "The zip unpacks to more than is possible (%d bytes a file, %d in all): %s alone to %d.", limits.MaxFile, limits.MaxTotal, f.Name, n)
		case n > 1<<20 && n/uint64(limits.MaxRatio) > f.CompressedSize64:
			return nil, fatal(0, "too_large", "%s unpacks to more than %d times its packed size, as no timetable does.", f.Name, limits.MaxRatio)
		case names[f.Name]:
			return nil, fatal(0, "duplicate_file", "The zip has two files %s.", f.Name)
		case f.Flags&1 != 0:
			return nil, fatal(0, "encrypted_zip", "%s is encrypted.", f.Name)
		default:
			left -= n
			names[f.Name] = true
		}
	}
	z := &zipFiles{archive: archive, limits: limits}
	z.left.Store(limits.MaxTotal)
	return z, nil
}

// maxZipDirectory bounds the directory of a zip in bytes: it is held in memory before its files can be counted.
const maxZipDirectory = 4 << 20

type directoryReader struct {
	r    io.ReaderAt
	left int64
	open bool // the directory has been read
}

func (d *directoryReader) ReadAt(p []byte, at int64) (int, error) {
	if !d.open {
		if d.left -= int64(len(p)); d.left < 0 {
			return 0, fatal(0, "too_many_files", "The directory of the zip has more than %d bytes.", maxZipDirectory)
		}
	}
	return d.r.ReadAt(p, at)
}

// brokenZip says what is wrong with a zip; other errors are those of the reader below.
func brokenZip(err error) error {
	var flated flate.CorruptInputError
	switch {
	case errors.Is(err, zip.ErrFormat), errors.Is(err, zip.ErrChecksum), errors.Is(err, zip.ErrAlgorithm), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &flated):
		return fatal(0, "damaged_zip", "The file is no zip, or it is damaged or breaks off.")
	}
	return fmt.Errorf("read the zip: %w", err)
}

type zipFiles struct {
	archive *zip.Reader
	limits  ZipLimits
	left    atomic.Int64 // bytes that may still be read
}

// Open opens a file or folder for reading.
func (z *zipFiles) Open(name string) (fs.File, error) {
	f, err := z.archive.Open(name)
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			return nil, err // there is no such file
		}
		return nil, brokenZip(err)
	}
	if _, folder := f.(fs.ReadDirFile); folder {
		return f, nil
	}
	return &zipFile{File: f, files: z, left: z.limits.MaxFile}, nil
}

// zipFile counts what is really read.
type zipFile struct {
	fs.File
	files *zipFiles
	left  int64
}

func (f *zipFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.left -= int64(n)
	if left := f.files.left.Add(-int64(n)); f.left < 0 || left < 0 {
		return 0, fatal(0, "too_large", "The zip unpacks to more than is possible (%d bytes a file, %d in all).", f.files.limits.MaxFile, f.files.limits.MaxTotal)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = brokenZip(err)
	}
	return n, err
}
