package feed

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Bounds of an SSIM file.
const (
	SSIMRecord     = 200       // bytes of a record without its line break
	MaxSSIMLine    = 4096      // bytes of a line; what is over SSIMRecord must be blank
	MaxSSIMRecords = 2_000_000 // lines of a file
)

// ReadSSIM reads a schedule in the form of IATA SSIM chapter 7: records of 200 bytes, a line each (LF or CRLF), with
// any number of carriers, seasons or parts one after the other, and filler lines of zeros between them. It gives legs
// (type 3) with what their segment data (type 4) say of codeshares: data element 010 lists the numbers a leg is sold
// under too, 050 names the flight that operates it.
//
// Times are those for passengers. Where a file leaves the date variation blank, a leg departs on the first day on which
// it can, after the leg before it, and arrives on the first one after its departure by the offsets from UTC. A schedule
// in UTC (time mode U) is turned into local time and, where that is another date, into local dates.
//
// A file that does not begin as one of SSIM, or that ends before a trailer, is a fatal *Error after some legs may have
// been given already: take all of a file or nothing.
func ReadSSIM(ctx context.Context, r io.Reader, sink FlightSink) error {
	s := &ssim{sink: sink}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, MaxSSIMLine), MaxSSIMLine)
	for lines.Scan() {
		s.line++
		s.read += int64(len(lines.Bytes())) + 1
		if s.line > MaxSSIMRecords {
			return fatal(s.line, "too_many_rows", "The file has more than %d lines.", MaxSSIMRecords)
		}
		if s.line%ssimTurn == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			s.progress()
		}
		if err := s.record(lines.Text()); err != nil {
			return err
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fatal(s.line+1, "line_too_long", "A line is longer than %d bytes; records of SSIM are %d bytes, each on a line of its own.", MaxSSIMLine, SSIMRecord)
	} else if err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	switch {
	case !s.begun:
		return fatal(1, "empty_file", "The file has no header record (type 1).")
	case s.open || !s.closed:
		return fatal(s.line, "truncated", "The file ends without a trailer record (type 5): a part of it is missing.")
	}
	s.progress()
	return nil
}

const ssimTurn = 512 // lines between looks at the context, and reports of progress

// ssim is the state between records.
type ssim struct {
	sink FlightSink
	line int
	read int64 // bytes

	begun, closed bool   // a header was seen; a trailer was seen
	open          bool   // a carrier record was seen, and no trailer after it
	utc           bool   // the part tells times in UTC
	ends          string // of the validity of the part, as its carrier record says it
	serial        int    // of the record before; 0 for none

	leg      *Leg   // waits for its segment data
	key      string // of it, as type 4 repeats it
	refused  string // key of a leg that was refused: its segment data are no news
	flight   ssimFlight
	disclose byte // operating airline disclosure of leg
}

// ssimFlight is what the legs of one flight have in common, for the next of them.
type ssimFlight struct {
	carrier, number, suffix string
	variation, sequence     int
	to                      string // where its last leg ended
	arrives                 int32  // then, UTC minutes of the flight's date
	days                    int    // from the dates of the file to those of the flight at its first airport
}

func (s *ssim) progress() {
	if s.sink.Progress != nil {
		s.sink.Progress(s.read, 0)
	}
}

func (s *ssim) remark(code, format string, args ...any) {
	s.tell(&Error{Line: s.line, Code: code, Message: fmt.Sprintf(format, args...)})
}

func (s *ssim) warn(line int, code, format string, args ...any) {
	s.tell(&Error{Line: line, Code: code, Message: fmt.Sprintf(format, args...), Warning: true})
}

func (s *ssim) tell(e *Error) {
	if s.sink.Remark != nil {
		s.sink.Remark(e)
	}
}

// record takes one line.
func (s *ssim) record(line string) error {
	line = strings.TrimSuffix(line, "\r")
	if len(line) > SSIMRecord {
		line = strings.TrimRight(line, " ")
	}
	if strings.Trim(line, " ") == "" || strings.Trim(line, "0") == "" {
		return nil // filler
	}
	if !s.begun && (len(line) != SSIMRecord || !strings.HasPrefix(line, "1AIRLINE STANDARD SCHEDULE DATA SET")) {
		return fatal(s.line, "not_ssim", "The file does not begin with an SSIM header record: 1AIRLINE STANDARD SCHEDULE DATA SET, %d bytes.", SSIMRecord)
	}
	if len(line) != SSIMRecord {
		s.remark("wrong_length", "The record has %d bytes, not %d.", len(line), SSIMRecord)
		return nil
	}
	for i := range len(line) {
		if line[i] < ' ' || line[i] > '~' {
			if line[0] == '3' || line[0] == '4' {
				s.remark("not_ascii", "Byte %d of the record is not a printable ASCII character.", i+1)
				s.refused = line[1:13]
				return s.flush()
			}
			break // free text of headers, which is not used
		}
	}
	s.checkSerial(line)
	switch line[0] {
	case '1':
		s.begun = true
		return s.flush()
	case '2':
		return s.carrier(line)
	case '3':
		return s.legRecord(line)
	case '4':
		s.segment(line)
		return nil
	case '5':
		return s.trailer(line)
	}
	s.remark("unknown_record", "There is no record type %q.", line[:1])
	return nil
}

// checkSerial compares the record serial number with that of the record before. After 999999 numbering starts again.
func (s *ssim) checkSerial(line string) {
	n, ok := ssimNumber(line[194:200])
	if !ok {
		s.warn(s.line, "bad_serial", "The record serial number %q is not a number.", line[194:200])
		return
	}
	if want := s.serial + 1; s.serial != 0 && n != want && s.serial != 999_999 {
		s.warn(s.line, "serial_order", "The record serial number is %06d where %06d was due; a record may be missing or repeated.", n, want)
	}
	s.serial = n
}

func (s *ssim) carrier(line string) error {
	if s.open {
		return fatal(s.line, "truncated", "A carrier record (type 2) begins before the part before it has its trailer.")
	}
	s.open, s.closed = true, false
	s.flight = ssimFlight{}
	s.ends = line[21:28]
	switch line[1] {
	case 'U':
		s.utc = true
	case 'L':
		s.utc = false
	default:
		s.utc = false
		s.warn(s.line, "no_time_mode", "The carrier record does not say whether times are local (L) or UTC (U): local is assumed.")
	}
	return s.flush()
}

func (s *ssim) trailer(line string) error {
	if err := s.flush(); err != nil {
		return err
	}
	if !s.open {
		s.warn(s.line, "extra_trailer", "The trailer belongs to no carrier record.")
	}
	s.open, s.closed = false, true
	if n, ok := ssimNumber(line[187:193]); ok && n != s.serial-1 {
		s.warn(s.line, "serial_check", "The trailer says that the record before it is %06d; it is %06d.", n, s.serial-1)
	}
	return nil
}

// flush gives the leg that waited for its segment data.
func (s *ssim) flush() error {
	l := s.leg
	s.leg = nil
	if l == nil {
		return nil
	}
	if s.disclose != ' ' && l.Operator == "" {
		s.warn(l.Line, "operator_unknown", "The leg is operated by another carrier, which no segment data (element 050) name.")
	}
	if s.sink.Leg == nil {
		return nil
	}
	return s.sink.Leg(*l)
}

// Data elements of type 4 that tell of codeshares.
const (
	ssimSoldAs     = "010" // numbers that an operated leg is sold under too
	ssimOperatedAs = "050" // the flight that operates a leg
)

func (s *ssim) segment(line string) {
	if key := line[1:13]; s.leg == nil || key != s.key {
		if key != s.refused {
			s.remark("segment_without_leg", "The segment data belong to no leg record right before them.")
		}
		return
	}
	element := line[30:33]
	if element != ssimSoldAs && element != ssimOperatedAs {
		return
	}
	for _, text := range strings.Split(line[39:194], "/") {
		if text = strings.ReplaceAll(text, " ", ""); text == "" {
			continue
		}
		carrier, number, ok := ssimDesignator(text)
		if !ok {
			s.warn(s.line, "bad_codeshare", "%q is not a carrier and a flight number.", text)
			continue
		}
		if element == ssimOperatedAs {
			s.leg.Operator = carrier
		}
		s.leg.Codeshares = append(s.leg.Codeshares, carrier+number)
	}
}

// ssimDesignator splits a flight designator without blanks, e.g. YY0123: a carrier of two characters, or three letters.
func ssimDesignator(text string) (carrier, number string, ok bool) {
	at := 2
	if len(text) > 3 && ssimLetters(text[:3]) {
		at = 3
	}
	if len(text) <= at || !ssimCarrier(text[:at]) {
		return "", "", false
	}
	digits := text[at:]
	if last := len(digits) - 1; last > 0 && ssimLetters(digits[last:]) {
		digits = digits[:last] // operational suffix
	}
	n, good := ssimNumber(digits)
	return text[:at], strconv.Itoa(n), good && n > 0 && len(digits) <= 4
}

func ssimLetters(s string) bool {
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" && s != ""
}

// ssimCarrier reports an IATA (two characters, at least one a letter) or ICAO (three letters) carrier code.
func ssimCarrier(s string) bool {
	if len(s) == 3 {
		return ssimLetters(s)
	}
	return len(s) == 2 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == "" && strings.Trim(s, "0123456789") != ""
}

// ssimNumber reads decimal digits, at least one and at most nine, and nothing else.
func ssimNumber(s string) (n int, ok bool) {
	if s == "" || len(s) > 9 {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = 10*n + int(s[i]-'0')
	}
	return n, true
}
