package intake

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
)

// spooled is a body in a file that has no name any more, where the system allows that.
type spooled struct {
	file   *os.File
	size   int64
	digest Digest
}

// What spooling ends with besides errors of the file.
var (
	errTooLarge = errors.New("larger than a delivery may be")
	errRead     = errors.New("read the body")
)

// spool copies a body into a file, at most MaxBody bytes of it.
func (c *Core) spool(body io.Reader) (*spooled, error) {
	file, err := os.CreateTemp(c.spoolDir, "holdfast-feed-*")
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	_ = os.Remove(file.Name()) // where it cannot go yet, close removes it
	s := &spooled{file: file}
	hash := sha256.New()
	source := &source{r: io.LimitReader(body, c.settings.MaxBody+1)}
	s.size, err = io.Copy(io.MultiWriter(file, hash), source)
	switch {
	case source.err != nil:
		err = fmt.Errorf("%w: %w", errRead, source.err)
	case err != nil:
		err = fmt.Errorf("spool: %w", err)
	case s.size > c.settings.MaxBody:
		err = errTooLarge
	}
	if err != nil {
		s.close()
		return nil, err
	}
	hash.Sum(s.digest[:0])
	return s, nil
}

func (s *spooled) close() {
	_ = s.file.Close()           // nothing of it is needed any more
	_ = os.Remove(s.file.Name()) // mostly gone already
}

// source tells errors of the reader from those of the file.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}
