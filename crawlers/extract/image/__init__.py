"""Pictures: what is written on them, which codes they show, what they look like.

    bytes ──load──> upright pixels ──codes──> QR and others
                                   ──hash───> PDQ
                                   ──ocr────> lines with places ──order──> text
                                              text ──personal──> names and seats, apart

`page.read_page` does it all; `reader.OcrReader` does it in a process that can be killed.
"""
