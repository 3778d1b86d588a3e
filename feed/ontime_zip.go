package feed

import (
	"archive/zip"
	"io"
	"strings"
)

// MaxUnzipped bounds what the one file in an archive may hold.
const MaxUnzipped = 1 << 30

// OpenCSV opens a CSV file, or the only one in a zip archive.
func OpenCSV(file io.ReaderAt, size int64) (io.ReadCloser, error) {
	var magic [4]byte
	if n, _ := file.ReadAt(magic[:], 0); n < len(magic) || string(magic[:]) != "PK\x03\x04" {
		return io.NopCloser(io.NewSectionReader(file, 0, size)), nil
	}
	archive, err := zip.NewReader(file, size)
	if err != nil {
		return nil, fatal(0, "bad_zip", "The archive cannot be read: %v.", err)
	}
	var found *zip.File
	for _, f := range archive.File {
		if f.FileInfo().IsDir() || !strings.HasSuffix(strings.ToLower(f.Name), ".csv") {
			continue
		}
		if found != nil {
			return nil, fatal(0, "several_files", "The archive has more than one CSV file.")
		}
		found = f
	}
	if found == nil {
		return nil, fatal(0, "no_csv", "The archive has no CSV file.")
	}
	if found.UncompressedSize64 > MaxUnzipped {
		return nil, fatal(0, "too_large", "The file in the archive is larger than %d bytes.", MaxUnzipped)
	}
	r, err := found.Open() // reads no more than the size above, and checks the sum
	if err != nil {
		return nil, fatal(0, "bad_zip", "The file in the archive cannot be read: %v.", err)
	}
	return r, nil
}
