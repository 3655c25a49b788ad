"""A campaign of one branch and its two emails, as files."""

from pathlib import Path

CAMPAIGN = """
key: tour
name: Tour
entry: {by_hand: true}
exit_when: {tag: stop}
sending: {class: advertising, window: {days: mon-sat, from: "08:00", to: "20:00"}}
steps:
  - {id: hello, send_email: tour_hello}
  - {id: pause, wait: 2 days}
  - id: did_they_click
    branch:
      when: {clicked: {email: tour_hello}}
      then:
        - {id: mark, add_tag: engaged}
      else:
        - {id: again, send_email: tour_again}
"""
SUBJECT = 'Chào {{ lead.given_name or "bạn" }}'
BODY = """<p>Xin chào {{ lead.name }}, <a href="https://shop.example/bang-gia">xem bảng giá</a>.</p>
<p><a href="{{ unsubscribe_url }}">Hủy nhận tin</a></p>
"""


def written(at: Path) -> tuple[Path, Path]:
    """The two folders, made in this one."""
    campaigns, emails = at / "campaigns", at / "emails"
    campaigns.mkdir()
    (emails / "_layout").mkdir(parents=True)
    (emails / "_layout" / "default.html").write_text("<html><body>[[body]]</body></html>", "utf-8")
    (campaigns / "tour.yaml").write_text(CAMPAIGN, "utf-8")
    for key in ("tour_hello", "tour_again"):
        for language in ("vi", "en"):
            (emails / key / language).mkdir(parents=True)
            (emails / key / language / "subject.txt").write_text(SUBJECT, "utf-8")
            (emails / key / language / "body.html").write_text(BODY, "utf-8")
    return campaigns, emails
