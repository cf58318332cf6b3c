"""What the verifier says, in Thai and in English."""

WORDS: dict[str, tuple[str, str]] = {
    "not_canonical": ("ข้อมูลของเหตุการณ์ไม่อยู่ในรูปแบบมาตรฐานที่ลงลายพิมพ์ไว้", "the event's bytes are not in the canonical form"),
    "not_an_event": ("ข้อมูลนี้ไม่ใช่เหตุการณ์ที่อ่านได้", "the bytes are not a readable event"),
    "other_log": ("เหตุการณ์เป็นของบันทึกประวัติอื่น", "the event belongs to another log"),
    "not_utc": ("เวลาไม่ได้บันทึกเป็นเวลาสากลตามรูปแบบ", "an instant is not written in UTC as prescribed"),
    "buddhist_year": ("ปีพุทธศักราชถูกบันทึกเป็นปีคริสต์ศักราช", "a Buddhist year was recorded as a Gregorian one"),
    "late_unexplained": (
        "บันทึกย้อนหลังโดยไม่มีเครื่องหมาย เหตุผล หรือผู้รับรอง",
        "entered late without the mark, a reason or a second person",
    ),
    "gap": ("ลำดับเหตุการณ์ขาดหายหรือซ้ำ", "the numbering of events has a gap or a repetition"),
    "broken_chain": ("เหตุการณ์ไม่ต่อเนื่องกับเหตุการณ์ก่อนหน้า", "the event does not continue the one before it"),
    "clock_back": ("เวลาบันทึกย้อนกลับ", "the time of recording runs backwards"),
    "after_witness": ("เวลาบันทึกอยู่หลังเวลาที่พยานรับรอง", "recorded after the time at which the witnesses cosigned it"),
    "opening_differs": ("ค่าที่เปิดเผยไม่ตรงกับข้อผูกมัดในเหตุการณ์", "a disclosed value does not fit its commitment"),
    "salt_reused": ("ค่าสุ่มถูกใช้ซ้ำ", "a salt was used twice"),
    "root_differs": ("รากที่คำนวณได้ไม่ตรงกับจุดตรวจสอบที่ลงนามไว้", "the reckoned root is not the signed one"),
    "proof_missing": ("หลักฐานการอยู่ในบันทึกไม่ครบ", "a piece of the proof is missing"),
    "bad_note": ("จุดตรวจสอบอ่านไม่ได้", "the checkpoint cannot be read"),
    "not_signed": ("จุดตรวจสอบไม่มีลายมือชื่อที่ถูกต้องของบันทึกนี้", "the checkpoint has no valid signature of this log"),
    "quorum_short": ("พยานผู้รับรองไม่ครบตามนโยบาย", "too few of the policy's witnesses cosigned"),
    "prior_differs": ("ไม่ต่อเนื่องกับจุดตรวจสอบที่ผู้ตรวจสอบเก็บไว้ก่อน", "does not continue the checkpoint kept from earlier"),
    "prior_unproved": (
        "ชุดนี้ไม่มีหลักฐานต่อเนื่องจากจุดตรวจสอบที่เก็บไว้ซึ่งมีจำนวนเหตุการณ์นี้ ให้ขอชุดใหม่โดยระบุจำนวนดังกล่าว",
        "this bundle holds no proof from the checkpoint of this size: ask for a bundle and name the size",
    ),
    "prior_newer": ("ผู้ตรวจสอบมีจุดตรวจสอบที่ใหม่กว่าชุดนี้", "an older log than the checkpoint kept from earlier"),
    "heads_missing": ("ไม่มีหลักฐานว่านี่คือเหตุการณ์สุดท้ายของสาย", "nothing proves that a stream ends here"),
    "heads_differ": ("เหตุการณ์สุดท้ายของสายไม่ตรงกับบัญชีที่ผนึกไว้", "a stream does not end where the sealed manifest says"),
    "file_differs": ("แฟ้มไม่ตรงกับลายพิมพ์ที่ระบุไว้", "a file is not the one that was listed"),
    "file_unlisted": ("มีแฟ้มที่ไม่ได้อยู่ในรายการ", "a file is not listed"),
    "asof_differs": ("ตาราง ณ วันที่ไม่ตรงกับที่คำนวณจากเหตุการณ์", "a table as of a day is not what the events give"),
    "export_missing": ("ไม่มีเหตุการณ์ที่บันทึกการจัดทำชุดนี้", "the making of this bundle is not among its events"),
    "event_gone": ("เหตุการณ์ที่ผนึกไว้หายไป", "an event that was sealed is gone"),
    "hash_differs": ("ข้อมูลของเหตุการณ์ไม่ตรงกับลายพิมพ์ที่เก็บไว้", "an event's bytes do not have the stored hash"),
    "columns_differ": ("คอลัมน์ดัชนีไม่ตรงกับเนื้อเหตุการณ์", "the index columns do not say what the event says"),
    "opening_gone": ("ค่าที่ผูกมัดไว้หายไปโดยไม่มีการตัดสินใจลบ", "a disclosed value is gone without a decision to erase it"),
    "erased_untold": ("มีการลบที่ไม่มีเหตุการณ์รองรับ", "something was erased that no event tells of"),
    "tile_differs": ("แผ่นลายพิมพ์ของต้นไม้ไม่ตรง", "a tile of the tree differs"),
    "version_differs": ("ตารางสถานะไม่ตรงกับเหตุการณ์", "a stored version is not what the events give"),
    "row_differs": ("ข้อมูลปัจจุบันไม่ตรงกับประวัติ", "a row is not what the history says"),
    "unsealed": ("เหตุการณ์ท้ายสุดยังไม่ได้ผนึก จึงยังไม่มีการคุ้มครอง", "events at the end are not sealed yet and so not protected"),
    "quorum_short_prior": (
        "พยานไม่ครบ แต่ต่อเนื่องกับจุดตรวจสอบที่เก็บไว้",
        "too few witnesses, but it continues the checkpoint kept from earlier",
    ),
    "witnessed_until": (
        "พยานรับรองถึงขนาดนี้ เหตุการณ์หลังจากนั้นยังไม่มีพยาน",
        "cosigned by the witnesses up to this size; what came later is not witnessed yet",
    ),
    "erased": ("มีค่าที่ถูกลบตามกฎหมาย", "values were erased by law"),
    "no_witnesses": (
        "นโยบายไม่ได้กำหนดพยาน จึงป้องกันผู้ถือกุญแจลงนามไม่ได้",
        "the policy asks for no witnesses: nothing protects against the holder of the key",
    ),
    "attachment_absent": ("มีเอกสารแนบที่ไม่ได้อยู่ในชุดนี้", "an attachment is not in this bundle"),
    "no_policy": ("ไม่ได้ระบุนโยบาย (--policy) จึงไม่รู้ว่าจะเชื่อกุญแจใด", "no policy given (--policy): no key is known to be trusted"),
    "hostile": ("แฟ้มชุดเสียหายหรือเป็นอันตราย จึงไม่อ่าน", "the archive is damaged or hostile and was not read"),
    "verdict_0": ("ผ่าน: ไม่พบการแก้ไข", "CLEAN: no alteration found"),
    "verdict_1": ("ถูกแก้ไข", "TAMPERED"),
    "verdict_2": ("ตรวจสอบไม่ได้", "CANNOT VERIFY"),
    "verdict_3": ("ผ่านโดยมีข้อสังเกต", "VERIFIED WITH RESERVATIONS"),
    "first_bad": ("เหตุการณ์แรกที่ผิด", "first bad event"),
    "events": ("เหตุการณ์", "events"),
    "size": ("ขนาดของบันทึก", "size of the log"),
    "witnesses": ("พยานผู้รับรอง", "witnesses"),
    "continued": ("ต่อเนื่องจากจุดตรวจสอบที่เก็บไว้ ขนาด", "continues the kept checkpoint of size"),
    "not_proved": (
        "สิ่งที่ไม่ได้พิสูจน์: ความจริงของสิ่งที่บันทึก สิ่งที่ไม่เคยบันทึก และกรณีผู้ถือกุญแจสมคบกับพยานทุกรายโดยผู้ตรวจสอบไม่มีจุดตรวจสอบเดิม",
        (
            "not proved: that what was entered is true; what was never recorded; a conspiracy of the key's holder with all witnesses "
            "against an auditor who kept no earlier checkpoint"
        ),
    ),
}


def say(code: str, language: str) -> str:
    """Return the words for ``code`` in ``th``, ``en`` or both."""
    thai, english = WORDS[code]
    return {"th": thai, "en": english}.get(language, f"{thai} / {english}")
