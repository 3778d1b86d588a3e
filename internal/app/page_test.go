package app

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/hotel"
	"holdfast/reservation"
)

func TestAuditReport(t *testing.T) {
	var out bytes.Buffer
	clean := &reservation.AuditReport{Pools: 3, Slots: 90, Reservations: 7, Oversold: 2}
	if err := WriteAudit(&out, clean, time.Second); err != nil || !strings.Contains(out.String(), "Everything is right") || strings.Contains(out.String(), "WRONG") || !strings.Contains(out.String(), "2 slots have more claimed") {
		t.Errorf("%v in\n%s", err, out.String())
	}
	out.Reset()
	wrong := &reservation.AuditReport{Findings: []reservation.Finding{{Invariant: "I1", Subject: "pool 5, slot 2026-12-24", Detail: "held 3, live claims say 2"}, {Invariant: "I99", Subject: "x", Detail: "y"}}, More: true}
	if err := WriteAudit(&out, wrong, time.Second); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"I1   WRONG 1", "I5   right", "pool 5, slot 2026-12-24: held 3, live claims say 2", "I99  WRONG 1", "more that are not listed", "2 findings"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %q:\n%s", want, out.String())
		}
	}
}

func TestImportReport(t *testing.T) {
	name := filepath.Join(t.TempDir(), "report.txt")
	r := &hotel.ImportReport{Rows: 40, Added: 10, Rooms: 500}
	for i := range 30 {
		r.Refused = append(r.Refused, hotel.LineNote{Line: i + 2, Code: "no_rooms", Message: "The hotel has no rooms."})
	}
	r.Refused = append(r.Refused, hotel.LineNote{Line: 31, Code: "name_required", Message: "This must not be empty."}) // the same line again
	r.Warnings = []hotel.LineNote{{Line: 40, Code: "postal_code_completed", Message: "The postal code got its lost zero back."}}
	var out bytes.Buffer
	if err := errors.Join(WriteImport(&out, ImportRequest{}, r, name, time.Second), WriteRemarks(name, r)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Nothing was imported", "40 lines", "30 refused", "line 11: The hotel has no rooms. (no_rooms)", "... and 21 more; all of them are in " + name, "line 40:"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("lacks %q:\n%s", want, out.String())
		}
	}
	if text, err := os.ReadFile(name); err != nil || strings.Count(string(text), "\trefused\t") != 31 || !strings.Contains(string(text), "line 40\twarning\tpostal_code_completed\t") {
		t.Errorf("report, error %v:\n%s", err, text)
	}
}
